-- Sixteen requests in one write, again and again. wrk counts every answer.
function init(args)
   local one = wrk.format()
   local batch = {}
   for index = 1, 16 do batch[index] = one end
   request_text = table.concat(batch)
end

function request() return request_text end
