import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a path holds: text, bytes, a symbolic link, a submodule, or nothing any more (null). */
export type FileContent = string | Buffer | { link: string } | { submodule: string } | null;

/** Paths relative to the repository's root, with `/`. */
export type Files = Record<string, FileContent>;

export interface RepositoryContent {
  /** First commit on the default branch `main`; without it the repository is empty. */
  files?: Files;
  /** Branch name → what its one commit on top of `main` changes. */
  branches?: Record<string, Files>;
  /** Lightweight tags on `main`. */
  tags?: string[];
  /** Annotated tags on `main`. */
  annotatedTags?: string[];
}

/** Environment of the git commands of tests: nothing of the developer's own configuration. */
const ENVIRONMENT = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

const COMMITTER = 'Plomada Test <test@plomada.example>';

/** Runs git and gives back what it prints. */
function runGit(args: string[], input: Buffer = Buffer.alloc(0)): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('git', args, { env: ENVIRONMENT }, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(' ')}: ${stderr}`));
      else resolve(stdout);
    });
    // A command that reads nothing may have ended before the input has.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function data(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')]);
}

function change(path: string, content: FileContent): Buffer {
  const name = JSON.stringify(path);
  if (content === null) return Buffer.from(`D ${name}\n`);
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    return Buffer.concat([Buffer.from(`M 100644 inline ${name}\n`), data(content)]);
  }
  if ('submodule' in content) return Buffer.from(`M 160000 ${content.submodule} ${name}\n`);
  return Buffer.concat([Buffer.from(`M 120000 inline ${name}\n`), data(content.link)]);
}

/** A bare repository in a temporary directory, filled without a working tree. */
export class GitRepository {
  private commits = 0;

  private constructor(
    private readonly root: string,
    /** Path of the bare repository. */
    readonly directory: string,
  ) {}

  /** `file://` URL; only for adapters that allow the scheme `file`. */
  get url(): string {
    return `file://${this.directory}`;
  }

  /** Makes an empty repository with the default branch `main`. */
  static async createEmpty(): Promise<GitRepository> {
    const root = await mkdtemp(join(tmpdir(), 'plomada-git-'));
    const directory = join(root, 'repository.git');
    await runGit(['init', '--quiet', '--bare', '--template=', '--initial-branch=main', directory]);
    return new GitRepository(root, directory);
  }

  /** Any git command in the repository. */
  async git(...args: string[]): Promise<string> {
    return (await runGit(['--git-dir', this.directory, ...args])).trim();
  }

  /** Commits changes on a branch, which starts at `main` if it is new. Returns the commit's id. */
  async commit(files: Files, options: { branch?: string; message?: string } = {}): Promise<string> {
    const branch = options.branch ?? 'main';
    this.commits += 1;
    const branches = (await this.git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).split('\n');
    const parent = [branch, 'main'].find((name) => branches.includes(name));
    await this.import(
      `commit refs/heads/${branch}\ncommitter ${COMMITTER} ${1_700_000_000 + this.commits} +0000\n`,
      data(options.message ?? `Commit ${this.commits}`),
      parent === undefined ? '' : `from refs/heads/${parent}^0\n`,
      ...Object.entries(files).map(([path, content]) => change(path, content)),
    );
    return this.sha(`refs/heads/${branch}`);
  }

  /** Stores a commit object with exactly this text and points a new branch at it. */
  async addBranch(name: string, commitText: string): Promise<void> {
    const args = ['--git-dir', this.directory, 'hash-object', '-t', 'commit', '-w', '--stdin'];
    const sha = (await runGit(args, Buffer.from(commitText))).trim();
    await this.git('branch', name, sha);
  }

  /** Tags a branch or commit (default: `main`). Returns the id of the tagged commit. */
  async tag(name: string, options: { annotated?: boolean; at?: string } = {}): Promise<string> {
    const sha = await this.sha(options.at ?? 'refs/heads/main');
    if (!options.annotated) await this.import(`reset refs/tags/${name}\nfrom ${sha}\n\n`);
    else await this.import(`tag ${name}\nfrom ${sha}\ntagger ${COMMITTER} 1700000000 +0000\n`, data(`Tag ${name}`));
    return sha;
  }

  /** The commit that a reference names; annotated tags are peeled. */
  sha(ref: string): Promise<string> {
    return this.git('rev-parse', '--verify', `${ref}^{commit}`);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  private async import(...parts: (string | Buffer)[]): Promise<void> {
    const stream = Buffer.concat(parts.map((part) => Buffer.from(part)));
    await runGit(['--git-dir', this.directory, 'fast-import', '--quiet', '--force'], stream);
  }
}

/** Makes a repository with content. Remove it with `remove()` when the test is over. */
export async function createRepository(content: RepositoryContent = {}): Promise<GitRepository> {
  const repository = await GitRepository.createEmpty();
  if (content.files) await repository.commit(content.files);
  for (const [branch, files] of Object.entries(content.branches ?? {})) await repository.commit(files, { branch });
  for (const tag of content.tags ?? []) await repository.tag(tag);
  for (const tag of content.annotatedTags ?? []) await repository.tag(tag, { annotated: true });
  return repository;
}

export interface ServeOptions {
  /** With a password, requests without it get 401. */
  username?: string;
  password?: string;
  /** `false` hides protocol version 2 from clients, as old servers do; they then refuse commits that are no tip. */
  protocolV2?: boolean;
  /** Awaited before each request is answered; may answer itself by ending the response. */
  beforeAnswer?: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
}

export interface GitServer {
  /** `http://127.0.0.1:<port>/repository.git` */
  url: string;
  port: number;
  /** Method and path of every request so far, the refused ones too. */
  requests: string[];
  close(): Promise<void>;
}

/** Serves a repository over smart HTTP through `git http-backend`. */
export async function serveRepository(repository: GitRepository, options: ServeOptions = {}): Promise<GitServer> {
  const requests: string[] = [];
  const expected = `Basic ${Buffer.from(`${options.username ?? 'git'}:${options.password ?? ''}`).toString('base64')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    await options.beforeAnswer?.(request, response);
    if (response.writableEnded || response.destroyed) return;
    if (options.password !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('no');
      return;
    }
    runHttpBackend(repository.directory, request, response, options.protocolV2 ?? true);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${port}/repository.git`, port, requests, close };
}

function runHttpBackend(
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
  protocolV2: boolean,
): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const header = (name: string) => String(request.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...ENVIRONMENT,
      GIT_PROJECT_ROOT: join(directory, '..'),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      ...(protocolV2 ? { GIT_PROTOCOL: header('git-protocol') } : {}),
    },
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => undefined);
  response.on('close', () => backend.kill());
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    backend.stdout.off('data', onData);
    startResponse(response, head.subarray(0, end).toString('latin1'));
    response.write(head.subarray(end + 4));
    backend.stdout.pipe(response);
  };
  backend.stdout.on('data', onData);
  backend.on('close', () => response.end());
}

function startResponse(response: ServerResponse, head: string): void {
  const headers = head
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  const status = headers.find(([name]) => name?.toLowerCase() === 'status')?.[1];
  response.statusCode = status ? parseInt(status, 10) : 200;
  for (const [name = '', value = ''] of headers) if (name.toLowerCase() !== 'status') response.setHeader(name, value);
}
