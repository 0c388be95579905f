import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listLiveProcesses } from '../../runner/process/process-table';
import type { RunnerRequest, RunnerResponse, RunnerTool } from '../../runner/protocol/runner-protocol';
import { until } from './poll';
import { answerOf, buildRunnerIfStale, type RunningProgram, startProgram, stopPrograms } from './runner-program';

/** `terraform_data` is built in, so that nothing here needs a network. */
const CONFIGURATION = `
variable "name" { default = "a" }
resource "terraform_data" "first" { input = var.name }
resource "terraform_data" "second" { input = terraform_data.first.output }
output "name" { value = terraform_data.second.output }
`;

/** Creates the first at once; the second says that it has begun and would then take ten minutes. */
const SLOW_CONFIGURATION = `
resource "terraform_data" "first" {}
resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo begun; sleep 654 & sleep 655; wait" }
}
`;

describe.each<RunnerTool>(['terraform', 'tofu'])('the real %s', (tool) => {
  if (!isOnPath(tool)) {
    it(`${tool} is not on this machine: not tested`, () => {
      console.warn(`${tool} is not on the PATH, so iac-runner was not tested with it`);
      expect(isOnPath(tool)).toBe(false);
    });
    return;
  }

  let directory: string;
  let work: string;

  beforeAll(buildRunnerIfStale);
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), `runner-real-`)));
    work = join(directory, 'work');
    mkdirSync(work);
  });
  afterEach(() => {
    stopPrograms();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (request: Pick<RunnerRequest, 'command'> & Partial<RunnerRequest>): RunningProgram =>
    startProgram({
      env: { PATH: process.env.PATH ?? '', HOME: directory, TF_CLI_CONFIG_FILE: '/nowhere/terraformrc' },
      stdin: JSON.stringify({ tool, work_dir: work, args: [], env_vars: {}, timeout: 2, ...request }),
    });
  const call = async (request: Pick<RunnerRequest, 'command'> & Partial<RunnerRequest>): Promise<RunnerResponse> =>
    answerOf(await start(request).ended);
  const configure = (text: string): void => writeFileSync(join(work, 'main.tf'), text);

  it('does init, plan, show -json, apply of the plan, output -json and destroy', async () => {
    configure(CONFIGURATION);
    const log = (name: string): string => join(directory, `${name}.log`);

    const init = await call({ command: 'init', args: ['-input=false'] });
    expect(init).toMatchObject({ success: true, exit_code: 0 });
    expect(init.output).toContain('successfully initialized');
    expect(init.output).not.toContain('Warning');

    const plan = await call({ command: 'plan', args: ['-input=false', '-out=plan'], env_vars: { TF_VAR_name: 'b c' } });
    expect(plan.output).toContain('\u001b[1mPlan:\u001b[0m');
    expect(plan.output).toContain('2 to add, 0 to change, 0 to destroy');

    const show = await call({ command: 'show', args: ['-json', 'plan'], tty: false });
    const shown = JSON.parse(show.output) as { resource_changes: { change: { actions: string[] } }[] };
    expect(shown.resource_changes.map(({ change }) => change.actions)).toEqual([['create'], ['create']]);

    const apply = await call({ command: 'apply', args: ['-input=false', 'plan'], log_file: log('apply') });
    expect(apply.output).toContain('Apply complete! Resources: 2 added');
    expect(apply.output).toContain('\u001b[');
    expect(readFileSync(log('apply'), 'utf8')).toBe(apply.output);
    expect(readFileSync(`${log('apply')}.exit`, 'utf8')).toBe('0\n');

    const output = await call({ command: 'output', args: ['-json'], tty: false });
    expect(JSON.parse(output.output)).toMatchObject({ name: { value: 'b c' } });

    const destroy = await call({ command: 'destroy', args: ['-auto-approve'], log_file: log('destroy') });
    expect(destroy.output).toContain('Destroy complete! Resources: 2 destroyed');
  });

  it('has the same colours on a PTY, on pipes and in a file', async () => {
    configure(CONFIGURATION);
    const colours = (response: RunnerResponse): string[] => response.output.match(/\u001b\[\d+m/g) ?? [];
    const onPty = await call({ command: 'plan' });
    const onPipes = await call({ command: 'plan', tty: false });
    const inFile = await call({ command: 'plan', log_file: join(directory, 'log') });
    expect(colours(onPty).length).toBeGreaterThan(10);
    expect(colours(onPipes)).toEqual(colours(onPty));
    expect(inFile.output).toBe(onPipes.output);
  });

  it('fails with the tool’s own words', async () => {
    configure('resource "terraform_data" {');
    const plan = await call({ command: 'plan' });
    expect(plan).toMatchObject({ success: false, exit_code: 1, error_msg: `${tool} plan exited with status 1` });
    expect(plan.output).toContain('Error');
  });

  it('asks for nothing: a variable without a value is an error', async () => {
    configure('variable "needed" {}');
    const plan = await call({ command: 'plan' });
    expect(plan.success).toBe(false);
    expect(plan.output).toContain('No value for required variable');
  });

  it('says which version is there when another is asked for', async () => {
    const response = await call({ command: 'version', tool_version: '0.0.1' });
    expect(response.error_msg).toMatch(new RegExp(`^${tool} 0\\.0\\.1 was asked for, but /.* is \\d+\\.\\d+\\.\\d+`));
  });

  describe.each([
    ['on a PTY', false],
    ['into a log file', true],
  ])('an apply %s', (_way, withLog) => {
    const way = (): Partial<RunnerRequest> => (withLog ? { log_file: join(directory, 'log') } : {});
    const begun = (): Promise<boolean> =>
      until('the provisioner has begun', () => existsSync(join(work, 'terraform.tfstate')) && sleepers().length === 2);

    it('that is cancelled ends properly: state saved, lock released, no orphan', async () => {
      configure(SLOW_CONFIGURATION);
      const program = start({ command: 'apply', args: ['-auto-approve'], ...way() });
      await begun();
      program.child.kill('SIGTERM');
      const response = answerOf(await program.ended);
      expect(response).toMatchObject({ success: false, exit_code: 1, cancelled: true });
      expect(response.output).toContain('Interrupt received');
      expect(stateResources()).toContain('first');
      expect(existsSync(join(work, '.terraform.tfstate.lock.info'))).toBe(false);
      expect(sleepers()).toEqual([]);
    });

    it('that takes too long is stopped in the same way', async () => {
      configure(SLOW_CONFIGURATION);
      const response = await call({ command: 'apply', args: ['-auto-approve'], timeout: 0.05, ...way() });
      expect(response).toMatchObject({ success: false, exit_code: 1, timed_out: true });
      expect(response.error_msg).toBe(`${tool} apply timed out after 3 seconds`);
      expect(stateResources()).toContain('first');
      expect(sleepers()).toEqual([]);
    });
  });

  describe('when the runner is killed', () => {
    const go = (): string => join(directory, 'go');
    async function killRunnerDuringApply(way: Partial<RunnerRequest>): Promise<void> {
      configure(`resource "terraform_data" "x" {
        provisioner "local-exec" { command = "touch ${go()}.ready; until [ -e ${go()} ]; do sleep 0.05; done" }
      }`);
      const program = start({ command: 'apply', args: ['-auto-approve'], ...way });
      await until('the provisioner has begun', () => existsSync(`${go()}.ready`));
      program.child.kill('SIGKILL');
      await program.ended;
      writeFileSync(go(), '');
    }

    it('an apply into a log file goes on to its end, with its log and its exit status', async () => {
      const log = join(directory, 'log');
      await killRunnerDuringApply({ log_file: log });
      await until('the exit status is recorded', () => existsSync(`${log}.exit`));
      expect(readFileSync(`${log}.exit`, 'utf8')).toBe('0\n');
      expect(readFileSync(log, 'utf8')).toContain('Apply complete! Resources: 1 added');
      expect(stateResources()).toEqual(['x']);
    });

    it('an apply on a PTY goes on to its end as well, and its state is saved', async () => {
      await killRunnerDuringApply({});
      await until('no process works there any more', () => !listLiveProcesses().some(({ pid }) => runsIn(pid, work)));
      expect(stateResources()).toEqual(['x']);
      expect(existsSync(join(work, '.terraform.tfstate.lock.info'))).toBe(false);
    });
  });

  function stateResources(): string[] {
    const state = JSON.parse(readFileSync(join(work, 'terraform.tfstate'), 'utf8')) as {
      resources: { name: string }[];
    };
    return state.resources.map(({ name }) => name);
  }

  /** The provisioner's children, known by where they run. */
  function sleepers(): number[] {
    return listLiveProcesses()
      .map(({ pid }) => pid)
      .filter((pid) => runsIn(pid, work) && /^sleep\0(654|655)\0/.test(commandOf(pid)));
  }
});

function isOnPath(tool: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', tool], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function runsIn(pid: number, directory: string): boolean {
  try {
    return realpathSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    return false;
  }
}
