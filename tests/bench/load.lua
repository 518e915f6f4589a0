-- wrk's script: sends each request of a file once, a line each: "METHOD PATH BODY".
-- Arguments: the file, the number of threads, the number of connections of each.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long micros; } bench_time;
  int gettimeofday(bench_time *, void *);
]]

local moment = ffi.new("bench_time")
local threads = {}

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.micros) / 1e6
end

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  requests, sent, answered, statuses, first, last = {}, 0, 0, {}, 0, 0
  local number = 0
  for line in io.lines(arguments[1]) do
    if number % tonumber(arguments[2]) == id then
      local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
      local headers = { ["Content-Type"] = "application/json", ["Host"] = "localhost" }
      table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
    end
    number = number + 1
  end
  looked_at = id ~= 0
end

function request()
  if not looked_at then -- wrk asks the first thread once before it begins, and does not send that
    looked_at = true
    return requests[1]
  end
  if sent == 0 then first = now() end
  sent = sent + 1
  return requests[sent] or "P" -- when all are sent, the beginning of one: its connection has nothing more to do
end

function response(status)
  answered = answered + 1
  statuses[status] = (statuses[status] or 0) + 1
  if answered == #requests then
    last = now()
    io.write("thread ", id, " is done\n")
    io.flush()
  end
end

function done(summary, latency)
  local first, last, by_status = math.huge, 0, {}
  for _, thread in ipairs(threads) do
    first = math.min(first, thread:get("first"))
    last = math.max(last, thread:get("last"))
    for status, count in pairs(thread:get("statuses")) do
      by_status[status] = (by_status[status] or 0) + count
    end
  end
  local words = {}
  for status, count in pairs(by_status) do table.insert(words, string.format('"%d":%d', status, count)) end
  local errors = summary.errors
  io.write(string.format(
    'JSON {"seconds":%.4f,"p50":%.2f,"p99":%.2f,"most":%.2f,"errors":%d,"statuses":{%s}}\n',
    last - first, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(words, ",")))
end
