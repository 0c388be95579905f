import { createHash } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiKeyRepository } from '../../../src/api-keys/persistence/api-key.repository';
import { newId } from '../../../src/common/ids';
import { eventually } from '../../support/eventually';
import { createRepository, GitRepository } from '../../support/git-fixture';
import { rawRequest } from '../../support/raw-request';
import { ADMIN_KEY, sendRequest, startTestServer, TestResponse, TestServer } from '../../support/test-server';

type Permission = 'read' | 'write' | 'admin';

/** Where a key must come from: of the platform, any at all, or one that reaches the namespace of the thing. */
type Scope = 'platform' | 'any' | 'namespace';

interface Call {
  path: string;
  body?: unknown;
}

interface RouteRule {
  access: 'public' | [Permission, Scope];
  /** Status of a call that is allowed. */
  answer: number;
  /** A call that may change things: made anew for every key. */
  call: () => Call | Promise<Call>;
}

let server: TestServer;
let repository: GitRepository;
const world = { namespace: '', deployment: '', run: '', module: '', provider: '', draft: '' };
const own = { ...world };
const other = { ...world, key: '' };
/** A published version of a module of the own namespace, and a draft of a provider. */
const published = { module: '', version: '', build: '' };

const admin = async (method: string, path: string, body?: unknown): Promise<TestResponse['body']> => {
  const answer = await server.request(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer.body;
};

let counter = 0;
const unique = (): string => `thing-${++counter}`;
const newDeployment = (namespace = own.namespace): Promise<{ id: string }> =>
  admin('POST', '/api/deployments', { namespace_id: namespace, name: unique(), git_url: repository.url });
const newKey = (permissions: Permission, namespace: string | null, fields = {}): Promise<{ id: string; key: string }> =>
  admin('POST', namespace === null ? '/api/api-keys' : `/api/namespaces/${namespace}/api-keys`, {
    name: unique(),
    permissions,
    ...fields,
  });
/** A run that has ended: there is no such folder. */
const endedRun = async (deployment: string): Promise<string> => {
  const { id } = await admin('POST', `/api/deployments/${deployment}/runs`, { path: 'nowhere', operation: 'plan' });
  await eventually('the end of the run', async () => {
    const run = await admin('GET', `/api/deployments/${deployment}/runs/${id}`);
    return run.completed_at !== null;
  });
  return id;
};

const newModule = (namespace = own.namespace, fields = {}): Promise<{ id: string }> =>
  admin('POST', '/api/modules', { namespace_id: namespace, name: unique(), provider: 'aws', ...fields });
const newProvider = (namespace = own.namespace, fields = {}): Promise<{ id: string }> =>
  admin('POST', '/api/providers', { namespace_id: namespace, name: unique(), ...fields });
const newDraft = (provider: string): Promise<{ id: string }> =>
  admin('POST', `/api/providers/${provider}/versions`, { version: `1.0.${++counter}` });
/** A module whose repository has one tag, published. */
const newPublished = async (namespace = own.namespace): Promise<{ module: string; version: string }> => {
  const { id } = await newModule(namespace, { git_url: repository.url });
  await admin('POST', `/api/modules/${id}/sync-tags`);
  const [version] = await admin('GET', `/api/modules/${id}/versions`);
  return { module: id, version: version.id };
};

/** A build that was cancelled. */
const endedBuild = async (): Promise<string> => {
  const { id } = await admin('POST', draft('/builds').path, {});
  await server.request('POST', draft(`/builds/${id}/cancel`).path);
  await eventually('the end of the build', async () => {
    const ended = await admin('GET', draft(`/builds/${id}`).path);
    return ended.completed_at !== null;
  });
  return id;
};

const module_ = (rest = ''): Call => ({ path: `/api/modules/${published.module}${rest}` });
const provider = (rest = ''): Call => ({ path: `/api/providers/${own.provider}${rest}` });
const draft = (rest = ''): Call => provider(`/versions/${own.draft}${rest}`);
const build = (rest = ''): Call => draft(`/builds/${published.build}${rest}`);
const namespace = (rest = ''): Call => ({ path: `/api/namespaces/${own.namespace}${rest}` });
const deployment = (rest = ''): Call => ({ path: `/api/deployments/${own.deployment}${rest}` });
const state = (): Call => ({ path: `/v1/state/${own.deployment}` });
const run = (rest = ''): Call => deployment(`/runs/${own.run}${rest}`);
const withBody = (call: Call, body: unknown): Call => ({ ...call, body });

const newVariableSet = async (): Promise<string> =>
  (await admin('POST', namespace('/variable-sets').path, { name: unique() })).id;

/** Every route of the platform, and who may call it. A new route must be written down here. */
const ROUTES: Record<string, RouteRule> = {
  'GET /health/live': { access: 'public', answer: 200, call: () => ({ path: '/health/live' }) },
  'GET /health/ready': { access: 'public', answer: 200, call: () => ({ path: '/health/ready' }) },
  'GET /metrics': { access: ['read', 'platform'], answer: 200, call: () => ({ path: '/metrics' }) },

  'GET /api/namespaces': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/namespaces' }) },
  'POST /api/namespaces': {
    access: ['admin', 'platform'],
    answer: 201,
    call: () => ({ path: '/api/namespaces', body: { name: unique() } }),
  },
  'GET /api/namespaces/{id}': { access: ['read', 'namespace'], answer: 200, call: () => namespace() },
  'PATCH /api/namespaces/{id}': {
    access: ['admin', 'namespace'],
    answer: 200,
    call: () => withBody(namespace(), { description: unique() }),
  },
  // It holds a deployment.
  'DELETE /api/namespaces/{id}': { access: ['admin', 'namespace'], answer: 409, call: () => namespace() },
  'GET /api/namespaces/{id}/api-keys': {
    access: ['admin', 'namespace'],
    answer: 200,
    call: () => namespace('/api-keys'),
  },
  'POST /api/namespaces/{id}/api-keys': {
    access: ['admin', 'namespace'],
    answer: 201,
    call: () => withBody(namespace('/api-keys'), { name: unique(), permissions: 'read' }),
  },
  'DELETE /api/namespaces/{id}/api-keys/{key_id}': {
    access: ['admin', 'namespace'],
    answer: 204,
    call: async () => namespace(`/api-keys/${(await newKey('read', own.namespace)).id}`),
  },

  'GET /api/whoami': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/whoami' }) },
  'GET /api/api-keys': { access: ['admin', 'platform'], answer: 200, call: () => ({ path: '/api/api-keys' }) },
  'POST /api/api-keys': {
    access: ['admin', 'platform'],
    answer: 201,
    call: () => ({ path: '/api/api-keys', body: { name: unique(), permissions: 'read' } }),
  },
  'DELETE /api/api-keys/{key_id}': {
    access: ['admin', 'platform'],
    answer: 204,
    call: async () => ({ path: `/api/api-keys/${(await newKey('read', null)).id}` }),
  },

  'GET /api/deployments': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/deployments' }) },
  'POST /api/deployments': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => ({
      path: '/api/deployments',
      body: { namespace_id: own.namespace, name: unique(), git_url: repository.url },
    }),
  },
  'GET /api/deployments/{id}': { access: ['read', 'namespace'], answer: 200, call: () => deployment() },
  'PATCH /api/deployments/{id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(deployment(), { description: unique() }),
  },
  'DELETE /api/deployments/{id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => ({ path: `/api/deployments/${(await newDeployment()).id}` }),
  },
  'GET /api/deployments/{id}/references': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => deployment('/references'),
  },
  'GET /api/deployments/{id}/browse': { access: ['read', 'namespace'], answer: 200, call: () => deployment('/browse') },
  'GET /api/deployments/{id}/tfvars': { access: ['read', 'namespace'], answer: 200, call: () => deployment('/tfvars') },
  'GET /api/deployments/{id}/status': { access: ['read', 'namespace'], answer: 200, call: () => deployment('/status') },

  'GET /api/runs': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/runs' }) },
  'GET /api/deployments/{id}/runs': { access: ['read', 'namespace'], answer: 200, call: () => deployment('/runs') },
  'POST /api/deployments/{id}/runs': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => withBody(deployment('/runs'), { path: 'nowhere', operation: 'plan' }),
  },
  'GET /api/deployments/{id}/runs/{run_id}': { access: ['read', 'namespace'], answer: 200, call: () => run() },
  'DELETE /api/deployments/{id}/runs/{run_id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => deployment(`/runs/${await endedRun(own.deployment)}`),
  },
  // It has ended.
  'POST /api/deployments/{id}/runs/{run_id}/approve': {
    access: ['write', 'namespace'],
    answer: 409,
    call: () => withBody(run('/approve'), { approved: true }),
  },
  'POST /api/deployments/{id}/runs/{run_id}/cancel': {
    access: ['write', 'namespace'],
    answer: 409,
    call: () => withBody(run('/cancel'), {}),
  },
  'GET /api/deployments/{id}/runs/{run_id}/stream': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => run('/stream'),
  },
  'GET /api/deployments/{id}/runs/{run_id}/logs/{phase}': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => run('/logs/init'),
  },
  // It never had a plan: the answer says so, and is another than that for a run one may not know.
  'GET /api/deployments/{id}/runs/{run_id}/plan': {
    access: ['read', 'namespace'],
    answer: 404,
    call: () => run('/plan'),
  },
  'GET /api/deployments/{id}/runs/{run_id}/executions': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => run('/executions'),
  },

  'GET /api/modules': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/modules' }) },
  'POST /api/modules': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => ({ path: '/api/modules', body: { namespace_id: own.namespace, name: unique(), provider: 'aws' } }),
  },
  'GET /api/modules/{id}': { access: ['read', 'namespace'], answer: 200, call: () => module_() },
  'PATCH /api/modules/{id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(module_(), { description: unique() }),
  },
  'PUT /api/modules/{id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(module_(), { description: unique() }),
  },
  'DELETE /api/modules/{id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => ({ path: `/api/modules/${(await newModule()).id}` }),
  },
  'POST /api/modules/{id}/sync-tags': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => module_('/sync-tags'),
  },
  'GET /api/modules/{id}/git-tags': { access: ['read', 'namespace'], answer: 200, call: () => module_('/git-tags') },
  'GET /api/modules/{id}/readme': { access: ['read', 'namespace'], answer: 200, call: () => module_('/readme') },
  'GET /api/modules/{id}/docs': { access: ['read', 'namespace'], answer: 200, call: () => module_('/docs') },
  'GET /api/modules/{id}/webhook': { access: ['write', 'namespace'], answer: 200, call: () => module_('/webhook') },
  'POST /api/modules/{id}/webhook': { access: ['write', 'namespace'], answer: 201, call: () => module_('/webhook') },
  'GET /api/modules/{id}/versions': { access: ['read', 'namespace'], answer: 200, call: () => module_('/versions') },
  // There is no such tag.
  'POST /api/modules/{id}/versions': {
    access: ['write', 'namespace'],
    answer: 422,
    call: () => withBody(module_('/versions'), { version: '9.9.9' }),
  },
  'PATCH /api/modules/{id}/versions/{version_id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(module_(`/versions/${published.version}`), { deprecated: null }),
  },
  'DELETE /api/modules/{id}/versions/{version_id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => {
      const { module, version } = await newPublished();
      return { path: `/api/modules/${module}/versions/${version}` };
    },
  },

  'GET /api/providers': { access: ['read', 'any'], answer: 200, call: () => ({ path: '/api/providers' }) },
  'POST /api/providers': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => ({ path: '/api/providers', body: { namespace_id: own.namespace, name: unique() } }),
  },
  'GET /api/providers/{id}': { access: ['read', 'namespace'], answer: 200, call: () => provider() },
  'PATCH /api/providers/{id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(provider(), { description: unique() }),
  },
  'PUT /api/providers/{id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(provider(), { description: unique() }),
  },
  'DELETE /api/providers/{id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => ({ path: `/api/providers/${(await newProvider()).id}` }),
  },
  'POST /api/providers/{id}/sync-tags': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => provider('/sync-tags'),
  },
  'GET /api/providers/{id}/git-tags': { access: ['read', 'namespace'], answer: 200, call: () => provider('/git-tags') },
  'GET /api/providers/{id}/readme': { access: ['read', 'namespace'], answer: 200, call: () => provider('/readme') },
  'GET /api/providers/{id}/webhook': { access: ['write', 'namespace'], answer: 200, call: () => provider('/webhook') },
  'POST /api/providers/{id}/webhook': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => provider('/webhook'),
  },
  'GET /api/providers/{id}/versions': { access: ['read', 'namespace'], answer: 200, call: () => provider('/versions') },
  'POST /api/providers/{id}/versions': {
    access: ['write', 'namespace'],
    answer: 201,
    call: () => withBody(provider('/versions'), { version: `2.0.${++counter}` }),
  },
  'PATCH /api/providers/{id}/versions/{version_id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(draft(), { enabled: true }),
  },
  'DELETE /api/providers/{id}/versions/{version_id}': {
    access: ['write', 'namespace'],
    answer: 204,
    call: async () => provider(`/versions/${(await newDraft(own.provider)).id}`),
  },
  // Without a form.
  'POST /api/providers/{id}/versions/{version_id}/shasums': {
    access: ['write', 'namespace'],
    answer: 415,
    call: () => draft('/shasums'),
  },
  'GET /api/providers/{id}/versions/{version_id}/platforms': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => draft('/platforms'),
  },
  'POST /api/providers/{id}/versions/{version_id}/platforms/upload': {
    access: ['write', 'namespace'],
    answer: 415,
    call: () => draft('/platforms/upload'),
  },
  // It has none.
  'DELETE /api/providers/{id}/versions/{version_id}/platforms/{platform_id}': {
    access: ['write', 'namespace'],
    answer: 404,
    call: () => draft(`/platforms/${newId()}`),
  },
  // It is empty.
  'POST /api/providers/{id}/versions/{version_id}/publish': {
    access: ['write', 'namespace'],
    answer: 409,
    call: () => draft('/publish'),
  },
  'GET /api/providers/{id}/versions/{version_id}/builds': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => draft('/builds'),
  },
  'POST /api/providers/{id}/versions/{version_id}/builds': {
    access: ['write', 'namespace'],
    answer: 422,
    call: async () => withBody(provider(`/versions/${(await newDraft(own.provider)).id}/builds`), {}),
  },
  'GET /api/providers/{id}/versions/{version_id}/builds/{build_id}': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => build(),
  },
  // It has ended.
  'POST /api/providers/{id}/versions/{version_id}/builds/{build_id}/cancel': {
    access: ['write', 'namespace'],
    answer: 409,
    call: () => build('/cancel'),
  },
  'GET /api/providers/{id}/versions/{version_id}/builds/{build_id}/log': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => build('/log'),
  },
  'GET /api/providers/{id}/versions/{version_id}/builds/{build_id}/stream': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => build('/stream'),
  },

  'GET /api/namespaces/{id}/signing-keys': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => namespace('/signing-keys'),
  },
  // Both at once.
  'POST /api/namespaces/{id}/signing-keys': {
    access: ['admin', 'namespace'],
    answer: 400,
    call: () => withBody(namespace('/signing-keys'), { private_key: 'x', public_key: 'x' }),
  },
  'POST /api/namespaces/{id}/signing-keys/{key_id}/activate': {
    access: ['admin', 'namespace'],
    answer: 404,
    call: () => namespace(`/signing-keys/${newId()}/activate`),
  },
  'DELETE /api/namespaces/{id}/signing-keys/{key_id}': {
    access: ['admin', 'namespace'],
    answer: 404,
    call: () => namespace(`/signing-keys/${newId()}`),
  },

  'POST /api/hooks/git/{token}': {
    access: 'public',
    answer: 404,
    call: () => ({ path: `/api/hooks/git/${'0'.repeat(40)}`, body: {} }),
  },
  'GET /.well-known/terraform.json': {
    access: 'public',
    answer: 200,
    call: () => ({ path: '/.well-known/terraform.json' }),
  },
  // The link is none that this server made.
  'GET /v1/artifacts/{sha256}/{filename}': {
    access: 'public',
    answer: 403,
    call: () => ({ path: `/v1/artifacts/${'0'.repeat(64)}/x.zip?expires=1&for=module.x&signature=x` }),
  },
  'GET /v1/modules/{namespace}/{name}/{provider}/versions': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => ({ path: `/v1/modules/own/${registryName}/aws/versions` }),
  },
  'GET /v1/modules/{namespace}/{name}/{provider}/{version}/download': {
    access: ['read', 'namespace'],
    answer: 204,
    call: () => ({ path: `/v1/modules/own/${registryName}/aws/1.0.0/download` }),
  },
  'GET /v1/providers/{namespace}/{name}/versions': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => ({ path: `/v1/providers/own/${registryProvider}/versions` }),
  },
  // It has no published version.
  'GET /v1/providers/{namespace}/{name}/{version}/download/{os}/{arch}': {
    access: ['read', 'namespace'],
    answer: 404,
    call: () => ({ path: `/v1/providers/own/${registryProvider}/1.0.0/download/linux/amd64` }),
  },

  'GET /api/deployments/{id}/variables': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => deployment('/variables'),
  },
  'PUT /api/deployments/{id}/variables': {
    access: ['write', 'namespace'],
    answer: 200,
    call: () => withBody(deployment('/variables'), []),
  },
  'GET /api/namespaces/{id}/variable-sets': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => namespace('/variable-sets'),
  },
  'POST /api/namespaces/{id}/variable-sets': {
    access: ['admin', 'namespace'],
    answer: 201,
    call: () => withBody(namespace('/variable-sets'), { name: unique() }),
  },
  'GET /api/namespaces/{id}/variable-sets/{set_id}': {
    access: ['read', 'namespace'],
    answer: 200,
    call: async () => namespace(`/variable-sets/${await newVariableSet()}`),
  },
  'PATCH /api/namespaces/{id}/variable-sets/{set_id}': {
    access: ['admin', 'namespace'],
    answer: 200,
    call: async () => withBody(namespace(`/variable-sets/${await newVariableSet()}`), { description: unique() }),
  },
  'DELETE /api/namespaces/{id}/variable-sets/{set_id}': {
    access: ['admin', 'namespace'],
    answer: 204,
    call: async () => namespace(`/variable-sets/${await newVariableSet()}`),
  },

  'GET /api/deployments/{id}/state/versions': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => deployment('/state/versions'),
  },
  'POST /api/deployments/{id}/state/versions': {
    access: ['write', 'namespace'],
    answer: 400,
    call: () => withBody(deployment('/state/versions'), {}),
  },
  'GET /api/deployments/{id}/state/versions/{version_id}': {
    access: ['write', 'namespace'],
    answer: 404,
    call: () => deployment(`/state/versions/${newId()}`),
  },
  'POST /api/deployments/{id}/state/versions/{version_id}/rollback': {
    access: ['write', 'namespace'],
    answer: 404,
    call: () => deployment(`/state/versions/${newId()}/rollback`),
  },
  'GET /api/deployments/{id}/state/outputs': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => deployment('/state/outputs'),
  },
  'GET /api/deployments/{id}/state/lock': {
    access: ['read', 'namespace'],
    answer: 200,
    call: () => deployment('/state/lock'),
  },
  'DELETE /api/deployments/{id}/state/lock': {
    access: ['admin', 'namespace'],
    answer: 204,
    call: () => deployment('/state/lock'),
  },
  'GET /v1/state/{deployment_id}': { access: ['write', 'namespace'], answer: 204, call: () => state() },
  'POST /v1/state/{deployment_id}': { access: ['write', 'namespace'], answer: 400, call: () => withBody(state(), {}) },
  'DELETE /v1/state/{deployment_id}': { access: ['write', 'namespace'], answer: 200, call: () => state() },
  'LOCK /v1/state/{deployment_id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: async () => {
      await admin('DELETE', deployment('/state/lock').path);
      return withBody(state(), { ID: unique() });
    },
  },
  'UNLOCK /v1/state/{deployment_id}': {
    access: ['write', 'namespace'],
    answer: 200,
    call: async () => {
      await admin('DELETE', deployment('/state/lock').path);
      return withBody(state(), { ID: 'none' });
    },
  },

  'POST /api/maintenance/sweep': {
    access: ['admin', 'platform'],
    answer: 200,
    call: () => ({ path: '/api/maintenance/sweep', body: { dry_run: true } }),
  },
  'GET /api/audit': { access: ['admin', 'any'], answer: 200, call: () => ({ path: '/api/audit' }) },
};

/** How clients name what is published. */
let registryName = '';
let registryProvider = '';

/** OpenAPI knows no such methods. */
const UNDOCUMENTED = /^(?:UN)?LOCK /;

/** Served beside the routes; public. */
const DOCUMENTATION = /^\/api\/(docs(\/.*)?|openapi\.json|openapi\.yaml)$/;

interface Principal {
  name: string;
  /** Null: none is sent. */
  key: string | null;
  /** What the key is good for; null: nothing, since it is not valid. */
  holds: { permission: Permission; namespace: 'own' | 'other' | null } | null;
}

const principals: Principal[] = [];

const RANK: Permission[] = ['read', 'write', 'admin'];

/** What the contract says of a call. */
function expectedStatus({ access, answer }: RouteRule, { holds }: Principal): number {
  if (access === 'public') return answer;
  if (holds === null) return 401;
  const [permission, scope] = access;
  if (scope === 'namespace' && holds.namespace === 'other') return 404;
  if (scope === 'platform' && holds.namespace !== null) return 403;
  return RANK.indexOf(holds.permission) >= RANK.indexOf(permission) ? answer : 403;
}

beforeAll(async () => {
  server = await startTestServer();
  repository = await createRepository({ files: { 'main.tf': '', 'a.tfvars': '' }, tags: ['v1.0.0'] });
  for (const [name, things] of Object.entries({ own, other })) {
    things.namespace = (await admin('POST', '/api/namespaces', { name })).id;
    things.deployment = (await newDeployment(things.namespace)).id;
    things.run = await endedRun(things.deployment);
    things.module = (await newModule(things.namespace)).id;
    things.provider = (await newProvider(things.namespace, { git_url: repository.url })).id;
    await admin('POST', `/api/providers/${things.provider}/sync-tags`);
    things.draft = (await admin('GET', `/api/providers/${things.provider}/versions`))[0].id;
  }
  Object.assign(published, await newPublished());
  published.build = await endedBuild();
  registryName = (await admin('GET', `/api/modules/${published.module}`)).name;
  registryProvider = (await admin('GET', `/api/providers/${own.provider}`)).name;
  other.key = (await newKey('read', other.namespace)).id;
  const expiring = await newKey('admin', null, { expires_at: new Date(Date.now() + 300).toISOString() });
  await eventually('the key to expire', async () => {
    const answer = await server.request('GET', '/api/whoami', undefined, expiring.key);
    return answer.status === 401 && answer.body.detail.includes('expired');
  });
  const deleted = await newKey('admin', null);
  await admin('DELETE', `/api/api-keys/${deleted.id}`);
  principals.push(
    { name: 'no key', key: null, holds: null },
    { name: 'a malformed key', key: 'plm_short', holds: null },
    { name: 'an unknown key', key: `plm_${'0'.repeat(43)}`, holds: null },
    { name: 'an expired admin key', key: expiring.key, holds: null },
    { name: 'a deleted admin key', key: deleted.key, holds: null },
  );
  for (const permission of RANK) {
    for (const [whose, id] of [['own', own.namespace] as const, ['other', other.namespace] as const]) {
      principals.push({
        name: `a ${permission} key of ${whose === 'own' ? 'the namespace' : 'another namespace'}`,
        key: (await newKey(permission, id)).key,
        holds: { permission, namespace: whose },
      });
    }
    principals.push({
      name: `a platform ${permission} key`,
      key: permission === 'admin' ? ADMIN_KEY : (await newKey(permission, null)).key,
      holds: { permission, namespace: null },
    });
  }
});
afterAll(async () => {
  await server.stop();
  await repository.remove();
});

describe('the routes', () => {
  const documented = async (): Promise<string[]> => {
    const { paths } = (await server.request('GET', '/api/openapi.json', undefined, null)).body as OpenAPIObject;
    return Object.entries(paths)
      .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`))
      .sort();
  };
  /** What Express itself would answer. */
  const registered = (): string[] => {
    interface Layer {
      route?: { path: string | string[]; methods: Record<string, boolean> };
    }
    const express = server.application.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
    return express.router.stack
      .flatMap(({ route }) =>
        route === undefined
          ? []
          : [route.path].flat().flatMap((path) => Object.keys(route.methods).map((method) => ({ path, method }))),
      )
      .filter(({ path }) => !DOCUMENTATION.test(path))
      .map(({ path, method }) => `${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .sort();
  };

  it('of the document are each classified in this test, and all classified ones exist', async () => {
    const expected = Object.keys(ROUTES).filter((route) => !UNDOCUMENTED.test(route));
    expect(await documented()).toEqual(expected.sort());
  });

  it('that are served are those that are classified', async () => {
    const served = registered();
    expect(served.length).toBeGreaterThan(20);
    expect(served).toEqual(Object.keys(ROUTES).sort());
  });

  it.each(['/api/docs', '/api/openapi.json', '/api/openapi.yaml'])('%s is public', async (path) => {
    expect((await server.request('GET', path, undefined, null)).status).toBe(200);
  });
});

describe.each(Object.keys(ROUTES))('%s', (route) => {
  const rule = ROUTES[route]!;
  const method = route.split(' ')[0]!;

  it('answers every kind of key as the contract says', async () => {
    const wrong: string[] = [];
    for (const principal of principals) {
      const { path, body } = await rule.call();
      const answer = await sendRequest(server.url, method, path, body, principal.key);
      const expected = expectedStatus(rule, principal);
      if (answer.status !== expected) {
        wrong.push(`${principal.name}: ${answer.status} instead of ${expected}: ${answer.text.slice(0, 200)}`);
      }
      const challenge = path.startsWith('/v1/state/') ? /^Basic / : /^Bearer$/;
      if (expected === 401 && !challenge.test(answer.headers.get('www-authenticate') ?? '')) {
        wrong.push(`${principal.name}: no WWW-Authenticate`);
      }
      const shape = path.startsWith('/v1/') ? 'application/json' : 'application/problem+json';
      if (expected >= 400 && answer.headers.get('content-type')?.split(';')[0] !== shape) {
        wrong.push(`${principal.name}: ${answer.headers.get('content-type')} is no problem`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('a thing of another namespace', () => {
  const ownAdmin = (): string | null =>
    principals.find(({ holds }) => holds?.namespace === 'own' && holds.permission === 'admin')!.key;
  const asked = async (method: string, path: string, body?: unknown): Promise<TestResponse> =>
    sendRequest(server.url, method, path, body, ownAdmin());

  it.each<[string, string, (id: string) => string, unknown?]>([
    ['namespace', 'GET', (id) => `/api/namespaces/${id}`],
    ['namespace', 'GET', (id) => `/api/deployments?namespace=${id}`],
    ['namespace', 'GET', (id) => `/api/runs?namespace=${id}`],
    ['namespace', 'GET', (id) => `/api/modules?namespace=${id}`],
    ['namespace', 'GET', (id) => `/api/providers?namespace=${id}`],
    ['namespace', 'GET', (id) => `/api/namespaces/${id}/signing-keys`],
    ['module', 'GET', (id) => `/api/modules/${id}`],
    ['module', 'GET', (id) => `/api/modules/${id}/versions`],
    ['module', 'POST', (id) => `/api/modules/${id}/sync-tags`],
    ['provider', 'GET', (id) => `/api/providers/${id}`],
    ['provider', 'POST', (id) => `/api/providers/${id}/versions`, { version: '1.0.0' }],
    ['draft', 'GET', (id) => `/api/providers/${own.provider}/versions/${id}/platforms`],
    ['draft', 'POST', (id) => `/api/providers/${own.provider}/versions/${id}/publish`],
    ['deployment', 'GET', (id) => `/api/deployments/${id}`],
    ['deployment', 'POST', (id) => `/api/deployments/${id}/runs`, {}],
    ['run', 'GET', (id) => `/api/deployments/${own.deployment}/runs/${id}`],
    ['run', 'POST', (id) => `/api/deployments/${own.deployment}/runs/${id}/cancel`, {}],
    ['run', 'DELETE', (id) => `/api/deployments/${own.deployment}/runs/${id}`],
    ['run', 'GET', (id) => `/api/deployments/${own.deployment}/runs/${id}/logs/init`],
    ['run', 'GET', (id) => `/api/deployments/${own.deployment}/runs/${id}/stream`],
    ['key', 'DELETE', (id) => `/api/namespaces/${own.namespace}/api-keys/${id}`],
  ])('%s: %s is answered like one that does not exist', async (kind, method, path, body: unknown = null) => {
    const foreign = await asked(method, path(other[kind as keyof typeof other]), body ?? undefined);
    const missing = await asked(method, path(newId()), body ?? undefined);
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, instance: '' }).toEqual({ ...missing.body, instance: '' });
  });

  it('is not reached by the name of its namespace either', async () => {
    expect((await asked('GET', '/api/namespaces/other')).status).toBe(404);
    const body = { namespace_id: 'other', name: unique(), git_url: repository.url };
    expect((await asked('POST', '/api/deployments', body)).status).toBe(404);
  });

  it('is in no list', async () => {
    for (const path of [
      '/api/namespaces',
      '/api/deployments',
      '/api/modules',
      '/api/providers',
      '/api/runs',
      '/api/audit',
    ]) {
      const { body } = await asked('GET', `${path}?limit=200`);
      expect(body.length).toBeGreaterThan(0);
      const seen = new Set(
        body.map((item: { id: string; namespace_id?: string; deployment_id?: string }) =>
          path === '/api/namespaces' ? item.id : (item.namespace_id ?? item.deployment_id),
        ),
      );
      expect([...seen]).toEqual([path === '/api/runs' ? own.deployment : own.namespace]);
    }
  });

  it('does not give way to a platform key of the same id path', async () => {
    const platform = await newKey('read', null);
    expect((await asked('DELETE', `/api/namespaces/${own.namespace}/api-keys/${platform.id}`)).status).toBe(404);
    expect((await server.request('DELETE', `/api/api-keys/${other.key}`)).status).toBe(404);
    expect((await server.request('GET', '/api/whoami', undefined, platform.key)).status).toBe(200);
  });
});

describe('a key', () => {
  const whoami = (headers: Record<string, string>, path = '/api/whoami'): Promise<TestResponse> =>
    rawRequest(server.url, { path, headers });

  it.each<[string, Record<string, string>]>([
    ['as a bearer token', { authorization: `Bearer ${ADMIN_KEY}` }],
    ['as a bearer token in small letters', { authorization: `bearer ${ADMIN_KEY}` }],
    ['as X-API-Key', { 'x-api-key': ADMIN_KEY }],
  ])('is taken %s', async (_how, headers) => {
    expect((await whoami(headers)).status).toBe(200);
  });

  it.each<[string, Record<string, string>, string?]>([
    ['as Basic credentials', { authorization: `Basic ${Buffer.from(`x:${ADMIN_KEY}`).toString('base64')}` }],
    ['without a scheme', { authorization: ADMIN_KEY }],
    ['twice in one header', { authorization: `Bearer ${ADMIN_KEY}, Bearer ${ADMIN_KEY}` }],
    ['in the query', {}, `/api/whoami?key=${ADMIN_KEY}&api_key=${ADMIN_KEY}&access_token=${ADMIN_KEY}`],
    ['in a cookie', { cookie: `key=${ADMIN_KEY}; authorization=${ADMIN_KEY}` }],
    ['with a character more', { authorization: `Bearer ${ADMIN_KEY}a` }],
    ['with a character less', { authorization: `Bearer ${ADMIN_KEY.slice(0, -1)}` }],
    ['in other case', { authorization: `Bearer ${ADMIN_KEY.replace('T3st', 't3st')}` }],
    ['as its hash', { authorization: `Bearer plm_${createHash('sha256').update(ADMIN_KEY).digest('hex')}` }],
    ['as a pattern', { authorization: `Bearer plm_${'%'.repeat(43)}` }],
    ['empty', { 'x-api-key': '' }],
    ['of 10 KB', { 'x-api-key': `plm_${'a'.repeat(10_000)}` }],
  ])('is not taken %s', async (_how, headers, path = '/api/whoami') => {
    const answer = await whoami(headers, path);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(ADMIN_KEY.slice(4));
  });

  it('that was read just before it was deleted is not remembered', async () => {
    const { id, key } = await newKey('read', null);
    const keys = server.application.app.get(ApiKeyRepository, { strict: false });
    const find = keys.findByHash.bind(keys);
    let goOn = (): void => undefined;
    const isDeleted = new Promise<void>((resolve) => (goOn = resolve));
    let isRead = false;
    const spy = jest.spyOn(keys, 'findByHash').mockImplementationOnce(async (hash) => {
      const found = await find(hash);
      isRead = true;
      await isDeleted;
      return found;
    });
    const late = sendRequest(server.url, 'GET', '/api/whoami', undefined, key);
    await eventually('the key to be read', () => isRead);
    await admin('DELETE', `/api/api-keys/${id}`);
    goOn();
    await late;
    spy.mockRestore();
    expect((await sendRequest(server.url, 'GET', '/api/namespaces', undefined, key)).status).toBe(401);
  });

  it('guards its routes whatever the path is written like', async () => {
    for (const path of [
      '/API/namespaces',
      '/api/Namespaces',
      '/api/namespaces/',
      '//api/namespaces',
      '/api//namespaces',
    ]) {
      expect([401, 404]).toContain((await rawRequest(server.url, { path })).status);
    }
    expect((await rawRequest(server.url, { method: 'HEAD', path: '/api/namespaces' })).status).toBe(401);
  });
});
