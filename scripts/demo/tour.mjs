import { randomBytes } from 'node:crypto';
import { ApiClient } from './api-client.mjs';
import { SAMPLE_MARK } from './sample.mjs';
import { bold, cyan, dim, green, LogPrinter, print, printTable, red, shown, yellow } from './terminal.mjs';

const SECRET = 'correct-horse-battery-staple';
const STATUS_COLORS = { success: green, failed: red, cancelled: yellow, awaiting_approval: yellow };
const ACTION_MARKS = {
  create: green('+ create'),
  update: yellow('~ update'),
  delete: red('- delete'),
  read: cyan('< read'),
};

/** The tour: each step says what happens, shows the request that a person would send, sends it and checks the answer. */
export class Tour {
  #url;
  #admin;
  #api;
  #gitUrl;
  #isOwnServer;
  #step = 0;
  #namespace;
  #key;
  #deployment;

  /** @param {{ url: string, adminKey: string, gitUrl: string, isOwnServer: boolean }} where */
  constructor({ url, adminKey, gitUrl, isOwnServer }) {
    this.#url = url;
    this.#admin = new ApiClient(url, adminKey);
    this.#gitUrl = gitUrl;
    this.#isOwnServer = isOwnServer;
  }

  async go() {
    this.#introduce();
    await this.#makeNamespaceAndKey();
    await this.#makeDeployment();
    await this.#browse();
    const applied = await this.#applyWithApproval();
    await this.#planProduction();
    await this.#showRecords(applied);
    await this.#reject();
    await this.#cancel();
    this.#sayWhatNext();
  }

  /** Takes away what the tour made on the server. */
  async cleanUp() {
    if (this.#isOwnServer) return;
    await this.#admin.delete(`/api/deployments/${this.#deployment.id}`);
    await this.#admin.delete(`/api/namespaces/${this.#namespace.id}/api-keys/${this.#key.id}`);
    await this.#admin.delete(`/api/namespaces/${this.#namespace.id}`);
    print(dim('  The namespace of the demo, its key and its deployment are removed again.'));
  }

  /** @param {{ pid: number | undefined, temporary: string }} left */
  sayWhatStays({ pid, temporary }) {
    print(`  ${bold('Everything stays as it is.')}`);
    print(`    export KEY=${this.#api.key}        ${dim(`# of the namespace ${this.#namespace.name}`)}`);
    if (pid !== undefined) {
      print(`    export ADMIN_KEY=${this.#admin.key}`);
      print(`    kill ${pid}; rm -r ${temporary}        ${dim('# when you have seen enough')}`);
    }
    print();
  }

  #introduce() {
    this.#title('The server');
    print(`  ${this.#isOwnServer ? 'A server of our own, with its data in a temporary folder' : 'Your server'}:`);
    print(`    ${this.#url}           ${dim('the API')}`);
    print(`    ${this.#url}/api/docs  ${dim('its documentation, to be tried out (Swagger UI)')}`);
  }

  async #makeNamespaceAndKey() {
    this.#title('A namespace, and a key that reaches nothing else');
    const name = `demo-${randomBytes(3).toString('hex')}`;
    this.#namespace = await this.#send(this.#admin, 'POST', '/api/namespaces', { name });
    const path = `/api/namespaces/${name}/api-keys`;
    this.#key = await this.#send(this.#admin, 'POST', path, { name: 'demo', permissions: 'write' });
    this.#api = new ApiClient(this.#url, this.#key.key);
    print(`  The key begins with ${bold(this.#key.prefix)}, is shown this once, and is ${bold('$KEY')} from here on.`);
  }

  async #makeDeployment() {
    this.#title('A deployment: a Git repository and how to run it');
    const body = { namespace_id: this.#namespace.name, name: 'web', git_url: this.#gitUrl };
    if (this.#gitUrl.startsWith('file:') && !this.#isOwnServer) {
      print(dim('  The repository is a folder of this machine: GIT_ALLOWED_SCHEMES of the server must hold file.'));
    }
    this.#deployment = await this.#send(this.#api, 'POST', '/api/deployments', body);
  }

  async #browse() {
    this.#title('What is in the repository');
    const root = `/api/deployments/${this.#deployment.id}`;
    const references = await this.#send(this.#api, 'GET', `${root}/references`);
    const names = (list) => list.map(({ name }) => name).join(', ');
    print(`    branches ${bold(names(references.branches))}; tags ${bold(names(references.tags))}`);
    const folder = await this.#send(this.#api, 'GET', `${root}/browse`);
    if (!folder.readme?.startsWith(SAMPLE_MARK)) {
      throw new Error('The tour applies what it finds, so it only takes its own sample (see --sample).');
    }
    printTable(folder.files.map(({ name, type, size }) => [name, dim(type === 'dir' ? 'folder' : `${size} bytes`)]));
    const { tfvars_files: files } = await this.#send(this.#api, 'GET', `${root}/tfvars`);
    this.#expect(files.includes('prod.tfvars'), 'prod.tfvars is not among the variable files');
    print(`    variable files ${bold(files.join(', '))}`);
  }

  /** The whole way of a run: plan, look, approve, apply. */
  async #applyWithApproval() {
    this.#title('A run: plan, look, approve, apply');
    const run = await this.#startRun({ sensitive_env_vars: { DEMO_TOKEN: SECRET } });
    const planned = await this.#follow(run, ['awaiting_approval']);
    this.#printPlan(planned);
    this.#expect(planned.plan_summary.has_changes, 'the plan has no changes');
    print(`\n  The approval names the plan that was looked at; that very plan is applied, or nothing.`);
    const body = { approved: true, plan_sha256: planned.plan_sha256, comment: 'looks right' };
    await this.#send(this.#api, 'POST', `${this.#pathOf(run)}/approve`, body, 200);
    const ended = await this.#follow(run, ['success'], { from: 'apply' });
    print(`  ${green('Applied')}, approved by ${bold(ended.approved_by)}. The outputs, from the log of the apply:`);
    const log = await this.#send(this.#api, 'GET', `${this.#pathOf(run)}/logs/apply?color=false`);
    this.#expect(!log.includes(SECRET) && log.includes('***'), 'the token is not masked in the log');
    this.#printOutputs(log);
    print(`  The token was ${bold('$DEMO_TOKEN')} to terraform, and is ${bold('***')} in the log above.`);
    return ended;
  }

  async #planProduction() {
    this.#title('Only a plan, with other variables');
    const run = await this.#startRun({ operation: 'plan', tfvars_files: ['prod.tfvars'] });
    this.#printPlan(await this.#follow(run, ['success'], { isQuiet: true }));
  }

  async #showRecords(run) {
    this.#title('Who did what');
    const executions = await this.#send(this.#api, 'GET', `${this.#pathOf(run)}/executions`);
    printTable(
      executions.map(({ phase, tool, command, args, exit_code: exit, started_at: from, ended_at: to }) => [
        dim(phase),
        `${tool} ${command} ${args.join(' ')}`,
        `exit ${exit}`,
        dim(`${new Date(to) - new Date(from)} ms`),
      ]),
    );
    print(`\n  The audit trail is for administrators.`);
    const entries = await this.#send(this.#admin, 'GET', '/api/audit?limit=6');
    printTable(entries.map(({ at, actor, action, target_type: type }) => [dim(at), actor, bold(action), dim(type)]));
  }

  async #reject() {
    this.#title('A plan that is rejected');
    const run = await this.#startRun({ tfvars_files: ['prod.tfvars'] });
    await this.#follow(run, ['awaiting_approval'], { isQuiet: true });
    const body = { approved: false, comment: 'four servers are too many' };
    this.#printEnd(await this.#send(this.#api, 'POST', `${this.#pathOf(run)}/approve`, body, 200), 'cancelled');
  }

  async #cancel() {
    this.#title('An apply that is cancelled');
    const run = await this.#startRun({ auto_approve: true, env_vars: { TF_VAR_pause_seconds: '60' } });
    await this.#follow(run, ['applying'], { isQuiet: true, until: (text) => text.includes('(local-exec)') });
    await this.#send(this.#api, 'POST', `${this.#pathOf(run)}/cancel`, {}, 202);
    print(dim('  terraform gets its interrupt and time to save its state.'));
    this.#printEnd(await this.#follow(run, ['cancelled'], { isQuiet: true }), 'cancelled');
  }

  #sayWhatNext() {
    this.#title('What next');
    printTable([
      ['npm start', dim('a server that stays, with its data in ./data')],
      ['npm run demo -- --keep', dim('this tour again, and its server stays')],
      ['npm run demo -- --server URL --key KEY', dim('this tour on your server')],
      ['npm run bench', dim('what the platform costs, measured')],
      [`${this.#url}/api/docs`, dim('every route, to be tried out')],
    ]);
    print();
  }

  async #startRun(body) {
    const run = await this.#send(this.#api, 'POST', `/api/deployments/${this.#deployment.id}/runs`, body);
    this.#expect(run.id, 'the run has no id');
    return run;
  }

  /**
   * Reads the stream of a run, and prints its log, until the run has one of these statuses.
   * @param from prints the log of this phase alone
   * @param until goes on after that, until a piece of the log fits
   */
  async #follow(run, statuses, { isQuiet = false, from = null, until = null } = {}) {
    const path = `${this.#pathOf(run)}/stream`;
    if (!isQuiet) this.#printCurl('GET', path, '$KEY', undefined, '--no-buffer');
    const printer = new LogPrinter();
    let reached = null;
    for await (const { event, data } of this.#api.events(path)) {
      if (event === 'log') {
        if (!isQuiet && (from === null || from === data.phase)) printer.push(data.text);
        if (reached && until?.(data.text)) return reached;
      }
      if (event !== 'status') continue;
      if (statuses.includes(data.status)) reached = data;
      if (reached && !until) {
        printer.end();
        return data;
      }
      if (['success', 'failed', 'cancelled'].includes(data.status)) await this.#failWithLogs(data);
    }
    throw new Error(`The stream of the run ended before it was ${statuses.join(' or ')}.`);
  }

  async #failWithLogs({ id, status, error_message: message }) {
    const path = this.#pathOf({ id });
    const { init_log: init, plan_log: plan, apply_log: apply } = await this.#api.get(path);
    throw new Error(`The run is ${status}: ${message}\n${shown(`${init}${plan}${apply}`)}`);
  }

  #printPlan({ plan_summary: plan }) {
    print(`\n  The plan, from the tool's JSON:`);
    const marks = (actions) => actions.map((action) => ACTION_MARKS[action] ?? action).join(' ');
    printTable(plan.resources.map(({ actions, address }) => [marks(actions), bold(address)]));
    print(`    ${plan.add} to add, ${plan.change} to change, ${plan.destroy} to destroy`);
  }

  #printOutputs(log) {
    const outputs = log.replaceAll('\r\n', '\n').split('\nOutputs:\n')[1];
    this.#expect(outputs, 'the log of the apply has no outputs');
    for (const line of outputs.trim().split('\n')) print(`    ${bold(line)}`);
  }

  #printEnd(run, status) {
    this.#expect(run.status === status, `the run is ${run.status}: ${run.error_message}`);
    print(`    ${STATUS_COLORS[status](status)}: ${run.error_message}`);
  }

  #pathOf(run) {
    return `/api/deployments/${this.#deployment.id}/runs/${run.id}`;
  }

  async #send(client, method, path, body, expected = method === 'POST' ? 201 : 200) {
    this.#printCurl(method, path, client === this.#admin ? '$ADMIN_KEY' : '$KEY', body);
    return client.request(method, path, body, expected);
  }

  #printCurl(method, path, key, body, ...options) {
    const data = body === undefined ? '' : ` --json '${JSON.stringify(body)}'`;
    const flags = options.map((option) => ` ${option}`).join('');
    const verb = method === 'GET' || method === 'POST' ? '' : ` -X ${method}`;
    print(dim(`  $ curl${flags}${verb} -H "Authorization: Bearer ${key}"${data} '${this.#url}${path}'`));
  }

  #title(text) {
    this.#step += 1;
    print(`\n${bold(cyan(`${this.#step}. ${text}`))}`);
  }

  #expect(isAsExpected, problem) {
    if (!isAsExpected) throw new Error(`Something is not as it should be: ${problem}.`);
  }
}
