import { compareRuns } from './whole-run.mjs';

const MAIN = `variable "name" {
  default = "tiny"
}

resource "terraform_data" "one" {
  input = var.name
}

output "one" {
  value = terraform_data.one.output
}
`;

/** The least a run can be: what is left is the platform. */
export function run(context) {
  return compareRuns(context, {
    name: 'tiny',
    files: { 'main.tf': MAIN },
    warmUps: 2,
    rounds: context.isQuick ? 7 : 25,
    atMost: 2,
  });
}
