-- Prints one line of JSON after wrk's own report: exact figures, and every latency with its count.
-- CONNECTIONS, CONNECTIONS_USED, PIPELINING and, if statuses other than 2xx are expected, count_unexpected() are set by
-- the lines that generators/wrk.py prepends to this file.
local MARK = "@@RUN1@@"
local MAX_DISTINCT = 200000 -- more values would make the line several MB long
local MAX_STEPS = 5e10 -- reading the table costs (distinct values) x (range) steps: above this it takes seconds

local function number(value)
  if value ~= value or value >= 1e18 or value <= -1e18 then return "null" end -- NaN, or no response at all
  return string.format("%.3f", value)
end

local function percentiles(latency, requests)
  local fields = {}
  if requests == 0 then return fields end
  for _, percent in ipairs({50, 75, 90, 95, 99, 99.9}) do
    fields[#fields + 1] = string.format('"%s":%s', tostring(percent), number(latency:percentile(percent)))
  end
  return fields
end

local function latencies(latency, requests)
  local entries = {}
  if requests == 0 then return entries end
  local size = #latency
  if size > MAX_DISTINCT or size * (latency.max - latency.min + 1) > MAX_STEPS then return entries end
  for index = 1, size do
    local value, count = latency(index)
    entries[index] = string.format("[%d,%d]", value, count)
  end
  return entries
end

function done(summary, latency, requests)
  local errors = summary.errors
  if count_unexpected then errors.status = count_unexpected() end
  io.write(string.format(
    '\n%s{"connections":%d,"connections_used":%d,"pipelining":%d,"duration_us":%s,"requests":%d,"bytes":%s,'
      .. '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,'
      .. '"max_us":%s,"mean_us":%s,"percentiles_us":{%s},"latencies":[%s]}\n',
    MARK, CONNECTIONS, CONNECTIONS_USED, PIPELINING, number(summary.duration), summary.requests, number(summary.bytes),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout,
    number(latency.max), number(latency.mean),
    table.concat(percentiles(latency, summary.requests), ","),
    table.concat(latencies(latency, summary.requests), ",")))
end
