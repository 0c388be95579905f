import type { BuildStatus } from './build-status';

/** One platform of a build, and how far it is. */
export interface BuildPlatform {
  os: string;
  arch: string;
  status: BuildStatus;
}

/** What shows how the packages of a build were made, so that anybody can make them again. */
export interface BuildEvidence {
  /** The command of every platform, without the file it writes. */
  command: string[];
  /** What was set in its environment besides the platform. */
  environment: Record<string, string>;
  /** As `go version` says it. */
  go_version: string;
  commit_sha: string;
  artifacts: { os: string; arch: string; filename: string; size_bytes: number; shasum: string }[];
}
