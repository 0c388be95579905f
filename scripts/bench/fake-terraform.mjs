// Stands in for terraform where what it does must cost nothing: answers as terraform would, with as many changes in its
// plan as BENCH_RESOURCES says, by default one. It keeps no state, but says that the platform does.
// What it prints is told by its environment: BENCH_TELL_START lets init say when it started; an apply prints BENCH_LINES
// at BENCH_LINES_PER_SECOND, or BENCH_BYTES at once.
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const resourceChange = (place) => ({
  address: place === 0 ? 'terraform_data.one' : `terraform_data.further_${place}`,
  mode: 'managed',
  type: 'terraform_data',
  name: place === 0 ? 'one' : `further_${place}`,
  provider_name: 'terraform.io/builtin/terraform',
  change: { actions: ['create'], before: null, after: { input: 'one' }, after_unknown: { id: true } },
});

const PLAN = {
  format_version: '1.2',
  terraform_version: '1.11.4',
  applyable: true,
  complete: true,
  errored: false,
  resource_changes: Array.from({ length: Number(process.env.BENCH_RESOURCES ?? 1) }, (_none, place) =>
    resourceChange(place),
  ),
};

const print = (text) => writeAll(Buffer.from(text));

function writeAll(bytes) {
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written);
}

function init() {
  mkdirSync('.terraform', { recursive: true });
  writeFileSync('.terraform/terraform.tfstate', JSON.stringify({ backend: { type: 'http', config: {} } }));
  // When this process was started, in microseconds since 1970.
  if (process.env.BENCH_TELL_START) print(`started at ${Math.round(performance.timeOrigin * 1000)}\n`);
  print('Terraform has been successfully initialized!\n');
}

function plan(args) {
  const file = args.find((argument) => argument.startsWith('-out='))?.slice('-out='.length);
  if (file) writeFileSync(file, 'a plan');
  print('Plan: 1 to add, 0 to change, 0 to destroy.\n');
}

/** Each line says when it was printed, in microseconds since 1970. */
async function printLines(count, perSecond) {
  const startedAt = performance.now();
  for (let line = 0; line < count; line++) {
    await sleep(Math.max(0, startedAt + (line * 1000) / perSecond - performance.now()));
    print(`line ${line} printed at ${Math.round((performance.timeOrigin + performance.now()) * 1000)}\n`);
  }
}

function printBytes(count) {
  const line = 'terraform_data.one (local-exec): all work and no play makes a log of many bytes, line by line\n';
  const block = Buffer.from(line.repeat(Math.ceil(2 ** 20 / line.length)));
  for (let left = count; left > 0; left -= block.length) writeAll(block.subarray(0, Math.min(left, block.length)));
}

async function apply() {
  const { BENCH_LINES: lines, BENCH_LINES_PER_SECOND: perSecond, BENCH_BYTES: bytes } = process.env;
  if (lines) await printLines(Number(lines), Number(perSecond ?? 20));
  if (bytes) printBytes(Number(bytes));
  print('Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n');
}

const COMMANDS = {
  init,
  plan,
  show: () => print(`${JSON.stringify(PLAN)}\n`),
  apply,
  version: () => print('{"terraform_version":"1.11.4"}\n'),
};

const [command, ...args] = process.argv.slice(2);
if (!(command in COMMANDS)) {
  process.stderr.write(`The stand-in for terraform knows no ${command}.\n`);
  process.exit(1);
}
await COMMANDS[command](args);
