#!/bin/bash
# grade.sh FOLDER MODEL [PAUSE]: grades iserver and comclient in FOLDER beside the model programs (server, client) in
# MODEL. PAUSE is what a program is given to start or to end, in seconds (1).
# A line for each check: "ok NAME", or "not ok NAME: why".
cd "$1" || exit 2
model=$2
pause=${3:-1}
message="This is a test message from a stupid client lol!"
export PYTHONUNBUFFERED=1

# Every text, in this order, each in a line after the one before.
in_order() {
    local file=$1 from=1 at text
    shift
    for text; do
        at=$(tail -n +$from "$file" | grep -anF -m1 -e "$text" | cut -d: -f1)
        [ -n "$at" ] || { why="no line \"$text\" in its place"; return 1; }
        from=$((from + at))
    done
}

has() { grep -aqF -e "$2" "$1" || { why="no \"$2\" in $1"; return 1; }; }
lacks() { ! grep -aqF -e "$2" "$1" || { why="\"$2\" in $1"; return 1; }; }
exits() { [ "$code" = "$1" ] || { why="exit status $code"; return 1; }; }
fails() { [ "$code" != 0 ] && [ "$code" != 124 ] && [ "$code" != running ] || { why="exit status $code"; return 1; }; }

# What a line buffer holds back is lost when a program is killed, hence stdbuf.
serve() {
    stdbuf -oL "$@" >server.out 2>server.err &
    server=$!
    sleep "$pause"
}

# The server's exit status, when it has had time to end.
end() {
    sleep "$pause"
    if kill -0 $server 2>/dev/null; then
        stop
        code=running
    else
        wait $server
        code=$?
    fi
}

stop() {
    kill -KILL $server 2>/dev/null
    wait $server 2>/dev/null
}

student_client() {
    printf '%s\n' "$1" | timeout 5 stdbuf -oL ./comclient localhost >client.out 2>client.err
    code=$?
}

left() {
    ls -A /tmp
    ipcs -m -q -s | grep -a ^0x
    pgrep -x 'iserver|comclient'
    ss -Htln 'sport = :12345'
}

server_ready() {
    serve ./iserver
    listening=$(ss -Htln 'sport = :12345')
    stop
    [ -n "$listening" ] || { why="nobody listens on port 12345"; return 1; }
    in_order server.out "Iserver - socket() is OK" "Binding the socket..." "Iserver - bind() is OK" \
        "Iserver - listen() is OK" "The Iserver is ready!"
}

echo_one() {
    serve ./iserver
    timeout 5 "$model/client" 127.0.0.1 "$message" >model.out 2>&1
    end
    has model.out "49 bytes came back, the same" &&
        in_order server.out "Usage: ./iserver <The_number_of_client_connection else 1 will be used>" \
            "Iserver - socket() is OK" "Binding the socket..." "Iserver - bind() is OK" "Iserver - listen() is OK" \
            "The Iserver is ready!" "Iteration: #1" " waiting on accept()" "accept() is OK and completed successfully!" \
            "I am waiting client(s) to send message(s) to me..." "The message from client: \"$message\"" \
            "Echoing it back to client..." "Iserver - send() is OK." && exits 0
}

serves_two() {
    serve ./iserver 2
    timeout 5 "$model/client" 127.0.0.1 "Test message #1" >model.out 2>&1
    timeout 5 "$model/client" 127.0.0.1 "Test message #2" >>model.out 2>&1
    end
    timeout 5 "$model/client" 127.0.0.1 "Test message #3" >third.out 2>&1
    in_order model.out "16 bytes came back, the same" "16 bytes came back, the same" &&
        has third.out "Connection refused" &&
        in_order server.out "Iserver - socket() is OK" "Binding the socket..." "Iserver - bind() is OK" \
            "Iserver - listen() is OK" "The Iserver is ready!" "Iteration: #1" " waiting on accept()" \
            "accept() is OK and completed successfully!" "I am waiting client(s) to send message(s) to me..." \
            'The message from client: "Test message #1"' "Echoing it back to client..." "Iserver - send() is OK." \
            "Iteration: #2" " waiting on accept()" "accept() is OK and completed successfully!" \
            "I am waiting client(s) to send message(s) to me..." 'The message from client: "Test message #2"' \
            "Echoing it back to client..." "Iserver - send() is OK." &&
        lacks server.out "Usage: ./iserver <The_number_of_client_connection" && exits 0
}

any_address() {
    serve ./iserver 1
    timeout 5 "$model/client" 127.0.0.2 "by another address" >model.out 2>&1
    stop
    has model.out "19 bytes came back, the same"
}

port_taken() {
    "$model/server" 2>/dev/null &
    server=$!
    sleep "$pause"
    timeout 5 stdbuf -oL ./iserver 1 >taken.out 2>taken.err
    code=$?
    stop
    has taken.err "Iserver - bind() error" && lacks taken.out "Iserver - bind() is OK" && fails
}

client_talks() {
    "$model/server" 2>model.err &
    server=$!
    sleep "$pause"
    student_client "$message"
    stop
    has model.err "received 49 bytes with NUL" &&
        in_order client.out "client - socket() is OK." "client - connect() is OK." "connect() completed successfully." \
            "Connection with localhost using port 12345 established!" "client - send() is OK." "49 bytes sent." \
            "client - recv() is OK." \
            "The sent message: \"$message\" successfully received by server and echoed back to client!" \
            "49 bytes received." &&
        has client.out "Enter message to be sent to server:" && exits 0
}

client_other_line() {
    "$model/server" 2>model.err &
    server=$!
    sleep "$pause"
    student_client "Test message #1"
    stop
    has model.err "received 16 bytes with NUL" &&
        in_order client.out "16 bytes sent." \
            'The sent message: "Test message #1" successfully received by server and echoed back to client!' \
            "16 bytes received."
}

nobody_listens() {
    student_client "is anybody there?"
    has client.err "client - connect() error" && lacks client.out "client - connect() is OK." && fails
}

client_usage() {
    echo "no argument" | timeout 5 stdbuf -oL ./comclient >client.out 2>client.err
    code=$?
    has client.out "Usage: ./comclient <Server_name or Server_IP_address>" && fails
}

own_pair() {
    local after client
    serve ./iserver
    student_client "from me to me"
    client=$code
    end
    after=$(left)
    has server.out 'The message from client: "from me to me"' && has server.out "Iserver - send() is OK." &&
        has client.out 'The sent message: "from me to me" successfully received by server and echoed back to client!' &&
        has client.out "14 bytes received." && exits 0 && code=$client && exits 0 || return 1
    [ "$before" = "$after" ] || { why="left behind: $after"; return 1; }
}

if ! make -s iserver comclient >build.out 2>&1; then
    echo "not ok build: $(tail -1 build.out)"
    exit 1
fi
status=0
before=$(left)
# The pair comes last: after it the port may be in TIME_WAIT.
for check in server_ready echo_one serves_two any_address port_taken client_talks client_other_line nobody_listens \
    client_usage own_pair; do
    why=
    if $check; then
        echo "ok ${check//_/-}"
    else
        echo "not ok ${check//_/-}: $why"
        status=1
    fi
done
exit $status
