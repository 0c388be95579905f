import { compareRuns } from './whole-run.mjs';

const RESOURCES = 1000;

const MAIN = Array.from(
  { length: RESOURCES },
  (_, number) => `resource "terraform_data" "item_${number}" {\n  input = "value ${number}"\n}\n`,
).join('\n');

/** A run as large as people have them. */
export function run(context) {
  return compareRuns(context, {
    name: '1,000 resources',
    files: { 'main.tf': MAIN },
    warmUps: context.isQuick ? 0 : 1,
    rounds: context.isQuick ? 1 : 5,
    atMost: 1.15,
  });
}
