"""Prints what is wrong with the OpenAPI document that it reads; nothing if it is right."""

import sys

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

document = yaml.safe_load(sys.stdin.buffer)
for error in OpenAPIV31SpecValidator(document).iter_errors():
    print(error)
