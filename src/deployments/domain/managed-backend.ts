import type { RunnerTool } from '../../../runner/protocol/runner-protocol';

/** Sorts behind every other override file that a person would write: of several, the last one counts. */
const STEM = '~platform_override';

/** An empty block: everything about the backend comes from the environment, so that nothing of it is written anywhere. */
export const BACKEND_OVERRIDE = 'terraform {\n  backend "http" {}\n}\n';

/** What the override is called. tofu passes over a `.tf` file beside a `.tofu` one of the same name. */
export function overrideFileName(tool: RunnerTool): string {
  return `${STEM}.${tool === 'tofu' ? 'tofu' : 'tf'}`;
}

/** True for files of a repository that would take the place of the override, or of its twin for the other tool. */
export function clashesWithOverride(name: string): boolean {
  return name.startsWith(`${STEM}.`);
}

/**
 * True for what a repository must not bring: a state of its own, which init would offer to move and, without a person to
 * ask, fail (protocol facts, section 6).
 */
export function isCommittedState(name: string): boolean {
  return /^(?:terraform\.tfstate|errored\.tfstate)/.test(name) || name === '.terraform.tfstate.lock.info';
}

/**
 * What is wrong with the backend that init settled on, as `.terraform/terraform.tfstate` tells it; null when it is the
 * platform's own: `http`, with nothing of it from the configuration.
 */
export function backendProblem(recorded: unknown): string | null {
  const backend = (recorded as { backend?: { type?: unknown; config?: unknown } } | null)?.backend;
  if (typeof backend?.type !== 'string') return 'init settled on no backend at all';
  if (backend.type !== 'http') return `init settled on the backend "${backend.type}"`;
  const config = typeof backend.config === 'object' && backend.config !== null ? backend.config : {};
  const own = Object.entries(config).find(([, value]) => value !== null);
  return own ? `the configuration sets "${own[0]}" of the backend` : null;
}

/** How the tool reaches the state; names as the HTTP backend has them. */
export interface BackendAccess {
  address: string;
  password: string;
  /** True for init, which reads and loses nothing by failing soon. */
  isImpatient: boolean;
}

/**
 * The environment of the HTTP backend. It waits for a server that is being restarted: an apply must not fail to save
 * because of that. An init does not, since what it asks may also be an address that a configuration has put in its way.
 */
export function backendEnvironment({ address, password, isImpatient }: BackendAccess): Record<string, string> {
  return {
    TF_HTTP_ADDRESS: address,
    TF_HTTP_LOCK_ADDRESS: address,
    TF_HTTP_UNLOCK_ADDRESS: address,
    TF_HTTP_USERNAME: 'run',
    TF_HTTP_PASSWORD: password,
    TF_HTTP_RETRY_MAX: isImpatient ? '3' : '40',
    TF_HTTP_RETRY_WAIT_MIN: '1',
    TF_HTTP_RETRY_WAIT_MAX: '15',
  };
}
