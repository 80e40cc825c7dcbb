"""A stand-in for AWS that other people wrote: ministack, on a free port of 127.0.0.1.

    python stand_in.py FOLDER

IAM is enforced, and what the stack needs and ministack lacks is patched in: each patch says so. Its last line is JSON,
{"url", "key", "secret"}: where it serves, and the credentials of an administrator. It ends when its standard input does.
"""

import asyncio
import json
import logging
import os
import re
import secrets
import signal
import socket
import sys
import threading
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
QUOTA = 1000

listener = socket.create_server(("127.0.0.1", 0), backlog=128)
port = listener.getsockname()[1]
url = f"http://127.0.0.1:{port}"
folder = Path(sys.argv[1])

# Functions inherit what is here: nothing of the caller's but PATH.
path = os.environ["PATH"]
os.environ.clear()
os.environ.update({
    "PATH": path,
    "HOME": str(folder),
    "TMPDIR": str(folder),
    "STATE_DIR": str(folder / "state"),
    "AUTH": "true",
    "AWS_ENDPOINT_URL": url,
    "GATEWAY_PORT": str(port),
    "IOT_MTLS_ENABLED": "0",
    "LAMBDA_STRICT": "0",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_HOST": "127.0.0.1",
    "MINISTACK_REGION": REGION,
    "SFTP_ENABLED": "0",
})
logging.basicConfig(filename=folder / "ministack.log", level=logging.INFO)

from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.app import app  # noqa: E402
from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # noqa: E402
from ministack.services import dynamodb, iam, lambda_svc, sts  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402

RESOURCES = provisioners._RESOURCE_HANDLERS


def patch(says):
    """Applies a patch, and says what it is."""
    def apply(function):
        function()
        print(f"patched: {says}", flush=True)
    return apply


def extend(kind, change):
    """Lets a resource type's handlers see its properties changed."""
    known = RESOURCES[kind]
    return known | {
        "create": lambda id, props, stack: known["create"](id, change(props), stack),
        "update": lambda id, old, new, *rest: known["update"](id, change(old), change(new), *rest),
        "delete": lambda id, props: known["delete"](id, change(props)),
    }


@patch("AWS::IAM::RolePolicy is made as the AWS::IAM::Policy of one role")
def role_policies():
    RESOURCES["AWS::IAM::RolePolicy"] = extend("AWS::IAM::Policy", lambda props: props | {"Roles": [props["RoleName"]]})


@patch("AWS::CloudTrail::Trail is left out")
def trails():
    RESOURCES["AWS::CloudTrail::Trail"] = {
        "create": lambda id, props, stack: (id, {"Arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{id}"}),
        "update": lambda id, old, new, stack: (id, {"Arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{id}"}),
        "delete": lambda id, props: None,
    }


@patch("an alarm over several metrics, and a model of what is usual, are left out")
def alarms():
    def made(name):
        return name, {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"}
    left_out = {
        "create": lambda id, props, stack: made(f"{stack}-{id}"),
        "update": lambda id, old, new, *rest: made(id),
        "delete": lambda id, props: None,
    }
    known = RESOURCES["AWS::CloudWatch::Alarm"]

    def choose(call, props):
        return (left_out if "Metrics" in props else known)[call]
    RESOURCES["AWS::CloudWatch::AnomalyDetector"] = left_out
    RESOURCES["AWS::CloudWatch::Alarm"] = known | {
        "create": lambda id, props, stack: choose("create", props)(id, props, stack),
        "update": lambda id, old, new, *rest: choose("update", new)(id, old, new, *rest),
        "delete": lambda id, props: choose("delete", props)(id, props),
    }


@patch("what an update of a stack within a stack does not change keeps its attributes")
def parts():
    update, provision, kept = provisioners._update_resource, provisioners._provision_resource, {}

    def keep(kind, made):
        id, attributes = made
        kept[kind, id] = attributes or kept.get((kind, id), {})
        return id, kept[kind, id]
    provisioners._update_resource = lambda kind, *rest: keep(kind, update(kind, *rest))
    provisioners._provision_resource = lambda kind, *rest: keep(kind, provision(kind, *rest))


@patch("an API's CORS comes from the template")
def cors():
    def change(props):
        given = props.get("CorsConfiguration")
        lowered = given and {name[0].lower() + name[1:]: value for name, value in given.items()}
        return props | ({"CorsConfiguration": lowered} if lowered else {})
    RESOURCES["AWS::ApiGatewayV2::Api"] = extend("AWS::ApiGatewayV2::Api", change)


@patch("a table's own policy and its deletion protection come from the template, and its name is never used again")
def tables():
    known = RESOURCES["AWS::DynamoDB::GlobalTable"]

    def replica(props):
        return next(one for one in props["Replicas"] if one["Region"] == REGION)

    def change(props, name):
        return props | {"TableName": name, "DeletionProtectionEnabled": replica(props).get("DeletionProtectionEnabled", False)}

    def put_policy(made, props):
        arn = made[1]["Arn"]
        policy = replica(props).get("ResourcePolicy")
        dynamodb._resource_policies.pop(arn, None)
        if policy:
            dynamodb._put_resource_policy({"ResourceArn": arn, "Policy": json.dumps(policy["PolicyDocument"])})
        return made

    def create(id, props, stack):
        name = f"{stack}-{id}-{secrets.token_hex(6).upper()}"
        return put_policy(known["create"](id, change(props, name), stack), props)

    def update(name, old, new, *rest):
        return put_policy(known["update"](name, change(old, name), change(new, name), *rest), new)

    RESOURCES["AWS::DynamoDB::GlobalTable"] = known | {"create": create, "update": update}


@patch(f"a function can't reserve more than {QUOTA - 100} instances, of a quota of {QUOTA}")
def concurrency():
    known = RESOURCES["AWS::Lambda::Function"]

    def create(id, props, stack):
        if int(props.get("ReservedConcurrentExecutions", 0)) > QUOTA - 100:
            raise ValueError("Specified ReservedConcurrentExecutions for function decreases account's "
                             "UnreservedConcurrentExecution below its minimum value of [100].")
        return known["create"](id, props, stack)
    RESOURCES["AWS::Lambda::Function"] = known | {"create": create}


@patch("a table's own policy is asked")
def table_policies():
    def table_policy(arn):
        table = re.match(r"[^/]*/[^/]*", arn)[0]
        found = dynamodb._resource_policies.get(arn if "/stream/" in arn else table)
        return found and (found["Policy"], arn.split(":")[4])
    dynamodb.table_policy = table_policy
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy")


@patch("aws:PrincipalArn of a role's session is the role's, and a request counts as sent over TLS")
def condition_keys():
    resolve = iam_evaluator._resolve_condition_key

    def resolve_more(key, context):
        if key.lower() == "aws:securetransport":
            return "true"
        value = resolve(key, context)
        role = key.lower() == "aws:principalarn" and iam_evaluator._role_name_from_assumed_arn(value)
        return iam._roles[role]["Arn"] if role in iam._roles else value
    iam_evaluator._resolve_condition_key = resolve_more


@patch("lambda:SourceFunctionArn is known of calls by a function")
def source_function():
    issue, keys = lambda_runtime.execution_credentials, iam_evaluator._principal_keys

    def issue_to_function(config):
        credentials = issue(config)
        sts._sessions[credentials["AWS_ACCESS_KEY_ID"]]["SourceFunctionArn"] = config["FunctionArn"]
        return credentials

    def keys_of_function(credential):
        session = sts._sessions.get(credential.access_key_id) or {}
        function = session.get("SourceFunctionArn")
        return keys(credential) | ({"lambda:sourcefunctionarn": function} if function else {})
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = issue_to_function
    iam_evaluator._principal_keys = keys_of_function


@patch("kms:EncryptionContext is known")
def encryption_context():
    tags = iam_actions.request_tag_context

    def with_context(service, action, body, params):
        known = tags(service, action, body, params)
        if service == "kms":
            given = json.loads(body or b"{}").get("EncryptionContext") or {}
            known |= {f"kms:EncryptionContext:{name}": value for name, value in given.items()}
        return known
    iam_actions.request_tag_context = with_context


@patch("a PartiQL statement is authorized as PartiQLInsert and so on, on its table")
def partiql():
    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
    words = re.compile(r'\s*(SELECT|INSERT|UPDATE|DELETE)\b(?:.*?\b(?:FROM|INTO)|)\s+"?([A-Za-z0-9_.-]+)', re.I | re.S)

    def parse(service, body):
        statement = service == "dynamodb" and json.loads(body or b"{}").get("Statement")
        return words.match(statement).groups() if statement else None

    def action(service, method, path, headers, body, params):
        found = action_of(service, method, path, headers, body, params)
        if found in ("dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction"):
            return "dynamodb:Unknown"  # several tables at once: nobody here may, whatever a policy says
        statement = parse(service, body)
        return f"dynamodb:PartiQL{statement[0].capitalize()}" if statement else found

    def resource(service, method, path, headers, body, params, region, account):
        statement = parse(service, body)
        if statement:
            return f"arn:aws:dynamodb:{region}:{account}:table/{statement[1]}"
        return resource_of(service, method, path, headers, body, params, region, account)
    iam_actions.extract_iam_action, iam_actions.extract_resource_arn = action, resource


def administrator():
    """The access key of a user who may do what policies of keys and tables don't deny."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    policies = [{"PolicyName": "everything", "PolicyDocument": everything}]
    name, _ = RESOURCES["AWS::IAM::User"]["create"]("Administrator", {"Policies": policies}, "stand-in")
    iam._create_access_key({"UserName": [name]})
    return next(key for key in iam._access_keys.values() if key["UserName"] == name)


async def main():
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, ended.set)

    def wait():
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)
    threading.Thread(target=wait, daemon=True).start()

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = 1
    key = administrator()
    print(json.dumps({"url": url, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
    await serve(app, config, shutdown_trigger=ended.wait)
    lambda_runtime.reset()


asyncio.run(main())
os._exit(0)  # threads of ministack that wait for nothing
