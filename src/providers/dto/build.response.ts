import type { BuildStatus } from '../domain/build-status';
import type { BuildEntity } from '../persistence/build.entity';

export class BuildPlatformResponse {
  os!: string;

  arch!: string;

  status!: BuildStatus;
}

export class BuildArtifactResponse {
  os!: string;

  arch!: string;

  filename!: string;

  size_bytes!: number;

  /** SHA-256 of the zip in hex. */
  shasum!: string;
}

/** How the packages were made, so that anybody can make them again and compare. */
export class BuildEvidenceResponse {
  /** The command of every platform, without the file it writes. */
  command!: string[];

  /** What was set in its environment besides `GOOS` and `GOARCH`. */
  environment!: Record<string, string>;

  /** @example 'go1.22.5 linux/amd64' */
  go_version!: string;

  commit_sha!: string;

  artifacts!: BuildArtifactResponse[];
}

/** A build of a version from Git. */
export class BuildResponse {
  id!: string;

  version_id!: string;

  status!: BuildStatus;

  platforms!: BuildPlatformResponse[];

  /** Whether the version is published when the build succeeds. */
  publish!: boolean;

  /** @example 'go1.22.5 linux/amd64' */
  go_version!: string | null;

  commit_sha!: string | null;

  /** Of a build that succeeded. */
  evidence!: BuildEvidenceResponse | null;

  /** Why it failed or was cancelled. */
  error_message!: string | null;

  created_by!: string;

  cancelled_by!: string | null;

  created_at!: string;

  started_at!: string | null;

  completed_at!: string | null;
}

export function toBuildResponse(build: BuildEntity): BuildResponse {
  return {
    id: build.id,
    version_id: build.versionId,
    status: build.status,
    platforms: build.platforms,
    publish: build.publish,
    go_version: build.goVersion,
    commit_sha: build.commitSha,
    evidence: build.evidence,
    error_message: build.errorMessage,
    created_by: build.createdBy,
    cancelled_by: build.cancelledBy,
    created_at: build.createdAt,
    started_at: build.startedAt,
    completed_at: build.completedAt,
  };
}
