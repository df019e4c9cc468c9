-- Requests for pages that nobody has asked for yet: a cursor of the documented shape with a number that only grows.
-- Arguments: the target without the cursor, the first number.
function init(args)
   local fields = ""
   for name, value in pairs(wrk.headers) do fields = fields .. name .. ": " .. value .. "\r\n" end
   before = "GET " .. args[1] .. "&starting_after=vs_live_" .. string.rep("k", 50)
   after = " HTTP/1.1\r\n" .. fields .. "\r\n"
   number = tonumber(args[2])
end

function request()
   number = number + 1
   return before .. string.format("%014d", number) .. after
end
