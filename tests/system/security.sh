#!/usr/bin/env bash
# security.sh MODEL CLIP.mp4: what the page of octet live refuses; a line for each request, with its answer. Needs curl; ports 8777 to 8779.
set -euo pipefail
octet=$(cd "$(dirname "$0")/../.." && pwd)/build/bin/octet
model=$(realpath "$1") clip=$(realpath "$2")
page=http://127.0.0.1:8777 token=0123456789abcdef-token
right="Authorization: Bearer $token" json='Content-Type: application/json'
cd "$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$PWD"' EXIT
echo "$token" > token

ask() {  # NAME, then curl's arguments
  printf '%-48s ' "$1"
  shift
  : > body
  curl --silent --max-time 10 --output body --write-out '%{http_code}' "$@" || printf ' closed'
  printf '  %s\n' "$(head -c 90 body | tr -d '\r' | tr '\n' ' ')"
}
stall() {  # NAME, WHAT IS SENT BEFORE SILENCE
  local began=$SECONDS answer
  exec 3<>/dev/tcp/127.0.0.1/8777
  printf '%b' "$2" >&3
  answer=$(timeout 30 head -c 24 <&3 | tr -d '\r\n')
  exec 3<&-
  printf '%-48s %s  closed after %s s\n' "$1" "$answer" $((SECONDS - began))
}

"$octet" live --model "$model" --source "clip=$clip" --realtime --imgsz 320 --http 0.0.0.0:8777 --http-token token > log 2>&1 &
watched=$!
until curl --silent --output body $page/healthz && grep -q ok body; do sleep 0.2; done
ask "no token" $page/
ask "wrong token" -H "Authorization: Bearer wrong" $page/api/state
ask "wrong password" -u x:wrong $page/
ask "right token" -H "$right" $page/api/results
ask "right password" -u "x:$token" $page/api/results
for path in /../../etc/passwd /%2e%2e/%2e%2e/etc/passwd /page.js/../../etc/passwd '/camera/..%2f..%2fetc.jpg' //etc/passwd; do
  ask "path $path" --path-as-is -H "$right" "$page$path"
done
head -c 100000 /dev/zero | tr '\0' ' ' > large
ask "body of 100 kB" -H "$right" -H "$json" --data-binary @large $page/api/settings
ask "path of 20 kB" -H "$right" "$page/$(head -c 20000 large | tr ' ' x)"
change='{"confidence": 0.9}'
ask "change from another site" -H "$right" -H 'Origin: http://evil.example' -H "$json" -d "$change" $page/api/settings
ask "change as a form sends it" -H "$right" -H 'Content-Type: text/plain' -d "$change" $page/api/settings
ask "change without token" -H "$json" -d "$change" $page/api/settings
ask "confidence of 7" -H "$right" -H "$json" -d '{"confidence": 7}' $page/api/settings
ask "camera that is not there" -H "$right" $page/camera/99.jpg
ask "DELETE" -X DELETE -H "$right" $page/
stall "half a header, then silence" 'GET /api/state HTTP/1.1\r\nHo'
stall "part of a body, then silence" "POST /api/settings HTTP/1.1\r\nHost: x\r\n$right\r\n$json\r\nContent-Length: 4000\r\n\r\n{\"conf"
for ((i = 0; i < 400; ++i)); do (exec 3<>/dev/tcp/127.0.0.1/8777 && sleep 3) 2>/dev/null & done
sleep 2
printf '%-48s %s\n' "400 connections that say nothing: descriptors" "$(find "/proc/$watched/fd" | wc -l)"
sleep 12
ask "settings after all this" -H "$right" -H "$json" -d '{}' $page/api/settings
kill -INT $watched
wait $watched && printf '%-48s %s\n' "octet ended with" $?

"$octet" live --model "$model" --source "$clip" --realtime --http 0.0.0.0:8778 || printf '%-48s %s\n' "open address without token: exit" $?
"$octet" live --model "$model" --source rtsp://user:geheim@127.0.0.1:1/x --patience 1 --http 127.0.0.1:8779 > log 2>&1 &
sleep 4
curl --silent http://127.0.0.1:8779/api/state http://127.0.0.1:8779/metrics http://127.0.0.1:8779/ > body
kill -INT $!
wait $! || true
printf '%-48s %s\n' "a camera's password in log, state, metrics, page" "$(cat log body | grep -c geheim || true)"
