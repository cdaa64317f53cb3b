-- /etc/dovecot/postern.lua: asks Postern's gate about passwords and app passwords. For Dovecot 2.3.19 and newer 2.3.
--
-- It owns how a question is put and how an answer becomes Dovecot's. It decides nothing. What it cannot ask, it lets
-- nobody in for. Use it with blocking=yes, so that it waits in a worker and not in the process that serves all.

local json = require "cjson.safe"

local SETTINGS = "/etc/dovecot/postern-gate.json"
local PROTOCOLS = { imap = "imap", pop3 = "pop", submission = "smtp", smtp = "smtp", sieve = "sieve" }

-- Dovecot's own servers look at `nologin`, by which a text reaches the person. Whoever else asks for sign-ins, Postfix as
-- "smtp" above all, does not know it and would let people in.
local KNOWS_NOLOGIN = { imap = true, pop3 = true, submission = true, sieve = true }

local settings
local client

local function base64(text)
  local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local made = text:gsub("..?.?", function(part)
    local a, b, c = part:byte(1, 3)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    local four = ""
    for shift = 18, 0, -6 do
      local at = (bits >> shift & 63) + 1
      four = four .. digits:sub(at, at)
    end
    return four:sub(1, #part + 1) .. ("="):rep(3 - #part)
  end)
  return made
end

-- What an app said of itself, as Dovecot keeps it: "name" "Thunderbird" "version" "128", NIL for nothing.
local function parse_imap_id(list)
  if list == nil or list == "" then return nil end
  local words, at = {}, 1
  while at <= #list and #words < 60 do
    if list:sub(at, at) == '"' then
      local text = {}
      at = at + 1
      while at <= #list and list:sub(at, at) ~= '"' do
        if list:sub(at, at) == "\\" then at = at + 1 end
        text[#text + 1] = list:sub(at, at)
        at = at + 1
      end
      at = at + 1
      words[#words + 1] = table.concat(text)
    else
      local word, next_at = list:match("^(%S+)()", at)
      if word == nil then break end
      at = next_at
      words[#words + 1] = word:upper() == "NIL" and "" or word
    end
    at = list:match("^%s*()", at)
  end
  local id, found = {}, false
  for place = 1, #words - 1, 2 do
    local field, value = words[place]:lower(), words[place + 1]
    -- RFC 2971 allows no longer ones.
    if field ~= "" and #field <= 30 and value ~= "" and #value <= 1024 then
      id[field] = value
      found = true
    end
  end
  return found and id or nil
end

local function load()
  local file, problem = io.open(SETTINGS, "r")
  if file == nil then error("postern: " .. problem) end
  local read, why = json.decode(file:read("a"))
  file:close()
  if read == nil or not (read.gate and read.client_id and read.client_secret) then
    error("postern: " .. SETTINGS .. " needs gate, client_id and client_secret. " .. (why or ""))
  end
  return read
end

-- The answer of the gate, or nil and why there is none.
local function ask(question)
  if settings == nil then settings = load() end
  if client == nil then client = dovecot.http.client { timeout = 10000, max_attempts = 2 } end
  local request = client:request { url = settings.gate, method = "POST" }
  request:add_header("Authorization", "Basic " .. base64(settings.client_id .. ":" .. settings.client_secret))
  request:add_header("Content-Type", "application/json")
  request:set_payload(json.encode(question))
  local response = request:submit()
  local status = response:status()
  if status ~= 200 then
    local hint = status == 401 and ": Postern does not know this mail server, see client_id and client_secret"
      or status >= 9000 and (": " .. response:reason())
      or ""
    return nil, "the gate answered " .. status .. hint
  end
  local answer, problem = json.decode(response:payload())
  if type(answer) ~= "table" or answer.decision == nil then return nil, "the gate's answer is no answer: " .. tostring(problem) end
  return answer
end

function script_init()
  return 0
end

function auth_password_verify(request, password)
  local protocol = PROTOCOLS[request.service]
  if protocol == nil then
    dovecot.i_warning("postern: no mail protocol is called " .. tostring(request.service))
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, {}
  end
  local source = request.remote_ip or request.rip
  local answer, problem = ask {
    name = request.user,
    secret = password,
    protocol = protocol,
    source = source ~= "" and source or nil,
    tls = request.secured ~= nil and request.secured ~= "",
    app = { imapId = parse_imap_id(request.client_id) },
  }
  if answer == nil then
    dovecot.i_error("postern: " .. problem)
    return dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE, {}
  end
  if answer.decision == "allow" then return dovecot.auth.PASSDB_RESULT_OK, { user = answer.account.upn } end
  dovecot.i_info(string.format("postern: %s %s (reference %s)", answer.decision, answer.reason, tostring(answer.reference)))
  if answer.reason == "wrong_secret" or answer.reason == "throttled" or not KNOWS_NOLOGIN[request.service] then
    return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, {}
  end
  -- The secret was right and yet nobody comes in: this way the text reaches the person.
  return dovecot.auth.PASSDB_RESULT_OK, { nologin = "y", reason = answer.text }
end

-- No lookup without a password: nothing is kept here.
function auth_passdb_lookup()
  return dovecot.auth.PASSDB_RESULT_USER_UNKNOWN, {}
end
