#!/bin/sh
# In the place of `cargo lambda build`: gives what was built before from the same sources, in the folder $BUILT. In the
# place of `cargo custodian`: the program $CUSTODIAN, to which the stand-in's APIs have the addresses that AWS gives.
if [ "$1" = custodian ]; then
    shift
    if [ -n "$AWS_ENDPOINT_URL" ]; then
        for argument; do
            shift
            set -- "$@" "$(printf %s "$argument" |
                sed -E "s#https://([a-z0-9]+)\.execute-api\.[a-z0-9.-]+#$AWS_ENDPOINT_URL/_aws/execute-api/\1#")"
        done
    fi
    exec "$CUSTODIAN" "$@"
fi
if [ "$1 $2" != "lambda build" ]; then
    PATH=$REAL_PATH exec cargo "$@"
fi
while [ "$1" != --bin ]; do shift; done
mkdir -p "target/lambda/$2"
cp "$BUILT/$2/bootstrap" "target/lambda/$2/bootstrap"
