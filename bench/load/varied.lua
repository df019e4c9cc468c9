-- The same request with a number that counts up in a field that nobody reads: 8,192 of them in turn, made beforehand.
function init(args)
   requests = {}
   for index = 1, 8192 do
      wrk.headers["X-Unlike"] = string.format("%06d", index)
      requests[index] = wrk.format()
   end
   place = 0
end

function request()
   place = place % 8192 + 1
   return requests[place]
end
