#!/bin/sh
# curl, to which the stand-in's APIs have the addresses that AWS gives.
for argument; do
    shift
    set -- "$@" "$(printf %s "$argument" |
        sed -E "s#https://([a-z0-9]+)\.execute-api\.[a-z0-9.-]+#$AWS_ENDPOINT_URL/_aws/execute-api/\1#")"
done
PATH=$REAL_PATH exec curl "$@"
