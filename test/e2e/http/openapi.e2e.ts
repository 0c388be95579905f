import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { OpenAPIObject } from '@nestjs/swagger';
import { startTestServer, TestServer } from '../../support/test-server';

const COMMITTED = join(__dirname, '..', '..', '..', 'openapi.json');
const PUBLIC = /^\/(?:health\/|\.well-known\/|api\/hooks\/|v1\/artifacts\/)/;
/** The paths say what is to be done, and there is nothing more to say. */
const BODILESS_POSTS = /\/(?:sync-tags|webhook|activate|publish|rollback|builds\/\{build_id\}\/cancel)$/;
/** Tools take 200 alone, and read nothing. */
const EMPTY_SUCCESS = /^\/v1\/state\//;
/** Forms, raw files, and events of other programs. */
const OTHER_BODIES =
  /\/(?:shasums|platforms\/upload)$|^\/api\/hooks\/|^\/v1\/state\/|\/state\/versions$|^\/api\/modules\/\{id\}\/versions$/;

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
}

interface Content {
  content?: Record<string, { schema?: Schema }>;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: Content & { required?: boolean };
  responses: Record<string, Content & { description?: string; headers?: Record<string, unknown> }>;
}

interface Document extends Omit<OpenAPIObject, 'paths' | 'components'> {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, { type: string; scheme?: string }> };
}

describe('the OpenAPI document', () => {
  let server: TestServer;
  let document: Document;
  let operations: { name: string; path: string; method: string; operation: Operation }[];

  beforeAll(async () => {
    server = await startTestServer();
    document = (await server.request('GET', '/api/openapi.json', undefined, null)).body as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        method,
        operation,
      })),
    );
  });
  afterAll(() => server.stop());

  /** Names of the operations for which something holds: an empty list is what a test wants. */
  const where = (check: (each: (typeof operations)[number]) => boolean): string[] =>
    operations.filter(check).map(({ name }) => name);
  const isPublic = (path: string): boolean => PUBLIC.test(path);
  const successes = (operation: Operation): [string, Content & { headers?: Record<string, unknown> }][] =>
    Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));

  it('is the one that is committed', () => {
    const committed = JSON.parse(readFileSync(COMMITTED, 'utf8')) as Document;
    // The hint shows only when the two differ.
    const hint = isDeepStrictEqual(committed, document) ? '' : 'openapi.json is not up to date: run `npm run openapi`';
    expect({ hint, document: committed }).toEqual({ hint: '', document });
  });

  it('is OpenAPI 3 with a title, a version and the bearer scheme', () => {
    expect(document.openapi).toMatch(/^3\.\d+\.\d+$/);
    expect(document.info).toMatchObject({
      title: 'Plomada',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      description: expect.stringMatching(/./),
    });
    expect(document.components.securitySchemes).toEqual({
      bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      basic: expect.objectContaining({ type: 'http', scheme: 'basic' }),
    });
    expect(operations.length).toBeGreaterThan(25);
  });

  it('gives every operation an id of its own, a description and a tag', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/^\w+$/)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(where(({ operation }) => !operation.summary?.trim() && !operation.description?.trim())).toEqual([]);
    expect(where(({ operation }) => !operation.tags?.length)).toEqual([]);
  });

  it('says of every operation whether it needs a key', () => {
    const needsKey = ({ operation }: (typeof operations)[number]): boolean =>
      operation.security?.some((scheme) => 'bearer' in scheme) ?? false;
    expect(where((each) => needsKey(each) === isPublic(each.path))).toEqual([]);
  });

  it('describes one success at least, with a schema unless it has no body', () => {
    expect(where(({ operation }) => successes(operation).length === 0)).toEqual([]);
    expect(
      where(({ path, operation }) =>
        successes(operation).some(([status, { content }]) => {
          const schemas = Object.values(content ?? {}).map(({ schema }) => schema);
          return status === '204'
            ? schemas.length > 0
            : (schemas.length === 0 && !EMPTY_SUCCESS.test(path)) || schemas.some((schema) => !isTyped(schema));
        }),
      ),
    ).toEqual([]);
  });

  it('describes its errors as problems', () => {
    const errors = (operation: Operation): [string, Content][] =>
      Object.entries(operation.responses).filter(([status]) => status.startsWith('4') || status.startsWith('5'));
    expect(where(({ path, operation }) => !isPublic(path) && !('401' in operation.responses))).toEqual([]);
    expect(where(({ path, operation }) => !isPublic(path) && !('403' in operation.responses))).toEqual([]);
    expect(where(({ operation }) => !('429' in operation.responses))).toEqual([]);
    expect(where(({ path, operation }) => path.includes('{') && !('404' in operation.responses))).toEqual([]);
    expect(
      where(
        ({ operation }) =>
          'requestBody' in operation && ['400', '413', '415'].some((status) => !(status in operation.responses)),
      ),
    ).toEqual([]);
    expect(
      where(
        ({ path, operation }) =>
          !isPublic(path) &&
          errors(operation).some(
            ([, { content }]) =>
              content?.['application/problem+json']?.schema?.$ref !== '#/components/schemas/ProblemResponse',
          ),
      ),
    ).toEqual([]);
  });

  it('describes every response in words', () => {
    expect(
      where(({ operation }) => Object.values(operation.responses).some(({ description }) => description === undefined)),
    ).toEqual([]);
  });

  it('declares the parameters of every path, and pages of every list', () => {
    expect(
      where(({ path, operation }) => {
        const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
        const declared = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
        return JSON.stringify(wanted) !== JSON.stringify(declared.sort());
      }),
    ).toEqual([]);
    expect(where(({ operation }) => (operation.parameters ?? []).some(({ schema }) => !isTyped(schema)))).toEqual([]);
    const lists = operations.filter(({ operation }) => operation.parameters?.some(({ name }) => name === 'cursor'));
    expect(lists.length).toBeGreaterThanOrEqual(7);
    for (const { operation } of lists) {
      expect(operation.parameters!.map(({ name }) => name)).toContain('limit');
      const [, success] = successes(operation)[0]!;
      expect(success.content?.['application/json']?.schema?.type).toBe('array');
      expect(Object.keys(success.headers ?? {})).toContain('Link');
    }
  });

  /** A list is described by what it is of. */
  const schemaOf = (schema?: Schema): Schema | undefined => (schema?.type === 'array' ? schema.items : schema);

  it('describes a body where one is read, and none where none is', () => {
    const bodiless = new Set(['get', 'delete', 'head']);
    const hasNone = (method: string, path: string): boolean =>
      bodiless.has(method) || (method === 'post' && BODILESS_POSTS.test(path));
    expect(where(({ method, path, operation }) => hasNone(method, path) === 'requestBody' in operation)).toEqual([]);
    expect(
      where(
        ({ path, operation }) =>
          operation.requestBody !== undefined &&
          !OTHER_BODIES.test(path) &&
          !schemaOf(operation.requestBody.content?.['application/json']?.schema)?.$ref,
      ),
    ).toEqual([]);
    expect(
      where(
        ({ path, operation }) =>
          OTHER_BODIES.test(path) &&
          !Object.values(operation.requestBody?.content ?? {}).every(({ schema }) => isTyped(schema)),
      ),
    ).toEqual([]);
  });

  it('refers to nothing that is not there, and holds nothing that nothing refers to', () => {
    const references = new Set(
      [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target),
    );
    const present = new Set(Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...references].filter((target) => !present.has(target!))).toEqual([]);
    expect([...present].filter((name) => !references.has(name))).toEqual([]);
  });

  it('gives every property of every schema a type', () => {
    const untyped = Object.entries(document.components.schemas).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties).flatMap(([property, schema]) => (isTyped(schema) ? [] : [`${name}.${property}`])),
    );
    expect(untyped).toEqual([]);
    expect(Object.values(document.components.schemas).every(({ properties }) => properties !== undefined)).toBe(true);
  });

  it('names the fields of the contract', () => {
    const fields = (name: string): string[] => Object.keys(document.components.schemas[name]?.properties ?? {}).sort();
    const words = (text: string): string[] => text.split(/[\s,]+/).sort();
    expect(fields('NamespaceResponse')).toEqual(
      words('id,name,description,is_public,module_count,provider_count,deployment_count,created_at,updated_at'),
    );
    expect(fields('ApiKeyResponse')).toEqual(
      words('id,namespace_id,name,permissions,prefix,expires_at,created_at,last_used_at'),
    );
    expect(fields('DeploymentResponse')).toEqual(
      words(
        'id,namespace_id,namespace,name,description,git_url,default_ref,working_directory,tool,tool_version,auto_approve,approval,runner_pool,state_backend,last_run,created_at,updated_at',
      ),
    );
    expect(fields('RunWithLogsResponse')).toEqual(
      words(
        'id,deployment_id,operation,path,ref,commit_sha,tool,tool_version,env_vars,tfvars_files,targets,replace,auto_approve,status,queue_position,waiting_for,estimated_start_at,plan_summary,plan_sha256,exit_code,error_message,init_log,plan_log,apply_log,log_truncated,created_by,approvals_required,approval_reason,approvals,approved_by,approved_at,cancelled_by,created_at,started_at,completed_at',
      ),
    );
    expect(fields('AuditEntryResponse')).toEqual(
      words('id,at,actor,action,target_type,target_id,namespace_id,details,request_id'),
    );
    const source = 'git_url,tag_prefix,synced,sync_error,last_synced_at,latest_version,created_at,updated_at';
    expect(fields('ModuleResponse')).toEqual(
      words(`id,namespace_id,namespace,name,provider,description,subdir,usage,${source}`),
    );
    expect(fields('ModuleVersionResponse')).toEqual(
      words(
        'id,module_id,version,git_tag,commit_sha,tag_moved,enabled,deprecated,size_bytes,sha256,downloads,download_url,created_at',
      ),
    );
    expect(fields('ReadmeResponse')).toEqual(words('version,content'));
    expect(fields('ModuleDocsResponse')).toEqual(
      words('version,inputs,outputs,required_providers,resources,submodules,required_core,problems'),
    );
    expect(fields('SyncResultResponse')).toEqual(words('tags_found,tags_added,tags_skipped,added,tags_moved'));
    expect(fields('GitTagResponse')).toEqual(words('name,version,commit_sha'));
    expect(fields('ProviderResponse')).toEqual(
      words(`id,namespace_id,namespace,name,description,build_on_tag,usage,${source}`),
    );
    expect(fields('ProviderVersionResponse')).toEqual(
      words(
        'id,provider_id,version,git_tag,commit_sha,tag_moved,protocols,status,enabled,deprecated,platforms,signing_key_id,downloads,published_at,created_at',
      ),
    );
    expect(fields('ProviderPlatformResponse')).toEqual(
      words('id,version_id,os,arch,filename,size_bytes,shasum,download_url'),
    );
    expect(fields('BuildResponse')).toEqual(
      words(
        'id,version_id,status,platforms,publish,go_version,commit_sha,evidence,error_message,created_by,cancelled_by,created_at,started_at,completed_at',
      ),
    );
    expect(fields('SigningKeyResponse')).toEqual(
      words('id,key_id,fingerprint,algorithm,public_key,source,active,created_at,revoked_at'),
    );
    expect(fields('ProblemResponse')).toEqual(words('type,title,status,detail,instance,errors'));
    expect(fields('SweepResponse')).toEqual(words('removed,expired_approvals,freed_bytes,errors'));
  });

  it('lists the values of every field that takes a few', () => {
    const values = (schema: string, property: string): unknown => {
      const found = document.components.schemas[schema]!.properties![property]!;
      const reference = found.$ref ?? found.allOf?.[0]?.$ref;
      return (reference ? document.components.schemas[reference.split('/').at(-1)!] : found)?.enum;
    };
    expect(values('CreateApiKeyRequest', 'permissions')).toEqual(['read', 'write', 'admin']);
    expect(values('CreateRunRequest', 'operation')).toEqual(
      expect.arrayContaining(['apply', 'plan', 'destroy', 'refresh']),
    );
    expect(values('CreateDeploymentRequest', 'tool')).toEqual(expect.arrayContaining(['terraform', 'tofu']));
    const states = [
      'pending',
      'initializing',
      'planning',
      'awaiting_approval',
      'applying',
      'success',
      'failed',
      'cancelled',
    ];
    expect(values('RunResponse', 'status')).toEqual(states);
    const filter = operations
      .find(({ name }) => name === 'GET /api/runs')!
      .operation.parameters!.find(({ name }) => name === 'status');
    expect(filter?.schema?.enum).toEqual(states);
  });

  it('marks exactly the fields that must be given as required', () => {
    const required = (name: string): string[] => [...(document.components.schemas[name]?.required ?? [])].sort();
    expect(required('CreateNamespaceRequest')).toEqual(['name']);
    expect(required('UpdateNamespaceRequest')).toEqual([]);
    expect(required('CreateApiKeyRequest')).toEqual(['name', 'permissions']);
    expect(required('CreateDeploymentRequest')).toEqual(['git_url', 'name', 'namespace_id']);
    expect(required('UpdateDeploymentRequest')).toEqual([]);
    expect(required('CreateRunRequest')).toEqual([]);
    expect(required('CreateModuleRequest')).toEqual(['name', 'namespace_id', 'provider']);
    expect(required('UpdateModuleRequest')).toEqual([]);
    expect(required('CreateProviderRequest')).toEqual(['name', 'namespace_id']);
    expect(required('CreateProviderVersionRequest')).toEqual(['version']);
    expect(required('CreateBuildRequest')).toEqual([]);
    expect(required('CreateSigningKeyRequest')).toEqual([]);
    expect(required('ApproveRunRequest')).toEqual(['approved']);
  });

  it('is shown by a page that may run its own scripts and no others', async () => {
    const page = await server.request('GET', '/api/docs', undefined, null);
    expect(page.headers.get('content-type')).toContain('text/html');
    const scripts = [...page.text.matchAll(/<script\b([^>]*)>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes, content] of scripts) {
      expect(content!.trim()).toBe('');
      const source = /src="([^"]+)"/.exec(attributes!)?.[1];
      const script = await server.request('GET', new URL(source!, `${server.url}/api/docs`).pathname, undefined, null);
      expect([script.status, script.headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')]);
    }
    expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
  });
});

/** True when a reader knows what a value looks like. */
function isTyped(schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  if (schema.$ref !== undefined) return true;
  const parts = [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  if (parts.length > 0) return parts.every(isTyped);
  if (schema.type === 'array') return isTyped(schema.items);
  return schema.type !== undefined || schema.enum !== undefined;
}
