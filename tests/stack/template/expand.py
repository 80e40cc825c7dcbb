"""What CloudFormation would make of the template, once for each set of parameters.

    python expand.py template.yaml < parameters.json
    python expand.py template.yaml --check < parameters.json

Input is a list of objects, parameter to value. Output is {"template", "parts", "stacks"}: the template as it is written, the
templates of the stacks within it by their files, and a list of {"Resources", "Outputs"}, in which SAM's resources are expanded by
aws-sam-translator, what has a condition that doesn't hold is left out, the resources of a stack within the stack stand beside the
others, and every intrinsic function is resolved in one invented account, where a resource is named after its logical id.
A reference to what isn't there is an error, and so are parameters that CloudFormation refuses. With --check, the output is a
list of sentences instead: why it refuses a set, or null.
"""

import copy
import json
import os
import re
import sys
from pathlib import Path

REGION = os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"

from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

from parameters import refusal  # noqa: E402

ACCOUNT = "111122223333"
NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/backups/0a1b",
    "AWS::StackName": "backups",
    "AWS::URLSuffix": "amazonaws.com",
}
ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:",
    "AWS::DynamoDB::GlobalTable": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:",
    "AWS::S3::Bucket": "arn:aws:s3:::",
}


PART = "AWS::CloudFormation::Stack"


class Scope:
    """What names stand for in one stack."""

    def __init__(self, template, parameters):
        self.conditions = template.get("Conditions", {})
        self.names = PSEUDO | parameters
        self.types = {id: body["Type"] for id, body in template["Resources"].items() if self.has(body)}
        self.names |= {id: id for id in self.types}

    def has(self, body):
        """Whether a resource or output is there."""
        return "Condition" not in body or self.condition(body["Condition"])

    def condition(self, name):
        return self.resolve(self.conditions[name])

    def attribute(self, id, name):
        return ARNS[self.types[id]] + id if name == "Arn" else f"{self.names[id]}.{name}"

    def placeholder(self, match):
        id, _, attribute = match[1].partition(".")
        return str(self.attribute(id, attribute) if attribute else self.names[id])

    def resolve(self, value):
        match value:
            case {"Ref": name}:
                return self.names[name]
            case {"Condition": str(name)} if len(value) == 1:
                return self.condition(name)
            case {"Fn::GetAtt": [id, *path]}:
                name = ".".join(path)
                return self.attribute(id, name)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{([^}]+)\}", self.placeholder, text)
            case {"Fn::Sub": [str(text), dict(more)]}:
                names = self.resolve(more)
                return re.sub(r"\$\{([^}]+)\}", lambda match: names.get(match[1]) or self.placeholder(match), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.condition(condition) else no)
            case {"Fn::Equals": [one, other]}:
                return str(self.resolve(one)) == str(self.resolve(other))
            case {"Fn::Not": [one]}:
                return not self.resolve(one)
            case {"Fn::And": several}:
                return all(self.resolve(several))
            case {"Fn::Or": several}:
                return any(self.resolve(several))
            case {"Fn::Split": [separator, text]}:
                return self.resolve(text).split(separator)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.resolve(parts))
            case dict() if any(key.startswith("Fn::") for key in value):
                raise ValueError(f"not understood: {value}")
            case dict():
                resolved = {key: self.resolve(inner) for key, inner in value.items()}
                return {key: inner for key, inner in resolved.items() if inner is not NO_VALUE}
            case list():
                return [inner for inner in map(self.resolve, value) if inner is not NO_VALUE]
        return value

    def present(self, section):
        return {id: self.resolve(body) for id, body in section.items() if self.has(body)}


class NoManagedPolicies:
    """The template names none."""

    def load(self):
        return {}


def with_defaults(source, given):
    defaults = {name: body["Default"] for name, body in source["Parameters"].items() if "Default" in body}
    return defaults | given


def check(source, given):
    """Why CloudFormation refuses these parameters, if it does."""
    parameters = with_defaults(source, given)
    # A rule knows of no resource.
    scope = Scope({"Conditions": {}, "Resources": {}}, parameters)
    return refusal(source, parameters, scope.resolve)


def expand(source, given):
    """The template expanded with these parameters, and with defaults for the others."""
    refused = check(source, given)
    if refused:
        raise ValueError(refused)
    parameters = with_defaults(source, given)
    template = copy.deepcopy(source)
    # SAM takes code from S3 alone; the CLI uploads it before.
    template["Globals"]["Function"]["CodeUri"] = "s3://code/functions.zip"
    template = transform(template, dict(parameters), NoManagedPolicies())
    scope = Scope(template, parameters)
    stack = {section: scope.present(template[section]) for section in ("Resources", "Outputs")}
    for part in list(stack["Resources"].values()):
        if part["Type"] == PART:
            stack["Resources"] |= within(part["Properties"])
    return stack


def within(properties):
    """The resources of a stack within the stack."""
    source = part_of(properties)
    parameters = {name: str(value) for name, value in properties["Parameters"].items()}
    if set(parameters) != set(source["Parameters"]):
        raise ValueError(f"{properties['TemplateURL']} takes other parameters than it is given")
    return Scope(source, parameters).present(source["Resources"])


def part_of(properties):
    return yaml_parse(Path(sys.argv[1]).with_name(properties["TemplateURL"]).read_text())


def main():
    source = yaml_parse(Path(sys.argv[1]).read_text())
    sets = json.load(sys.stdin)
    if "--check" in sys.argv:
        json.dump([check(source, given) for given in sets], sys.stdout)
    else:
        parts = [body["Properties"] for body in source["Resources"].values() if body["Type"] == PART]
        parts = {properties["TemplateURL"]: part_of(properties) for properties in parts}
        json.dump({"template": source, "parts": parts, "stacks": [expand(source, given) for given in sets]}, sys.stdout)


main()
