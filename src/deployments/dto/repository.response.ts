import { RunStatus } from '../domain/run-status';
import { RunResponse } from './run.response';

export class ReferenceResponse {
  /** @example 'main' */
  name!: string;

  /** The commit it names. */
  sha!: string;
}

/** Branches and tags of a repository. */
export class ReferencesResponse {
  /** The default branch; null for an empty repository. */
  default!: string | null;

  branches!: ReferenceResponse[];

  tags!: ReferenceResponse[];
}

export class TreeEntryResponse {
  /** @example 'main.tf' */
  name!: string;

  /** Relative to the repository. */
  path!: string;

  type!: 'file' | 'dir';

  /** Bytes; null for a folder. */
  size!: number | null;
}

/** One folder of a repository. */
export class BrowseResponse {
  ref!: string;

  commit_sha!: string;

  path!: string;

  files!: TreeEntryResponse[];

  /** Text of the folder's README; null when it has none. */
  readme!: string | null;

  /** Whether the folder holds a configuration (`.tf`, `.tofu`, `.tf.json`, `.tofu.json`). */
  has_iac!: boolean;
}

export class TfvarsResponse {
  /**
   * Files that a run may name in `tfvars_files`, relative to the path.
   * @example ['prod.tfvars']
   */
  tfvars_files!: string[];
}

/** How a deployment stands in one of its folders. */
export class DeploymentStatusResponse {
  path!: string;

  /** Status of the last run; `none` before the first. */
  status!: RunStatus | 'none';

  last_run!: RunResponse | null;
}
