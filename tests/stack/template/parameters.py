"""Whether CloudFormation would take a set of parameters: first each by its constraints, then all by the template's rules."""

import re


def refusal(template, parameters, resolve):
    """Why not, as `Parameters.Name: …` or `Rules.Name: …` in the template's own words; None if it takes them."""
    declared = template["Parameters"]
    for name in parameters:
        if name not in declared:
            return f"Parameters.{name}: the template declares no such parameter"
    for name, parameter in declared.items():
        if name not in parameters:
            return f"Parameters.{name}: has no default"
        if not takes(parameter, str(parameters[name])):
            return f"Parameters.{name}: {parameter['ConstraintDescription']}"
    for name, rule in template["Rules"].items():
        for assertion in rule["Assertions"]:
            if not resolve(assertion["Assert"]):
                return f"Rules.{name}: {assertion['AssertDescription']}"
    return None


def takes(parameter, value):
    if parameter["Type"] == "Number" and not in_range(parameter, value):
        return False
    if "AllowedValues" in parameter:
        return value in map(str, parameter["AllowedValues"])
    # CloudFormation's patterns are Java's and match the whole value, as fullmatch does.
    return re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None


def in_range(parameter, value):
    try:
        number = float(value)
    except ValueError:
        return False
    return parameter.get("MinValue", number) <= number <= parameter.get("MaxValue", number)
