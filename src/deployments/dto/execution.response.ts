import type { RunnerCommand, RunnerTool } from '../../../runner/protocol/runner-protocol';
import type { LogPhase } from '../domain/log-phase';
import type { ExecutionEntity } from '../persistence/execution.entity';

/** One call of the runner. */
export class ExecutionResponse {
  id!: string;

  /** `init`, `plan` or `apply`. */
  phase!: LogPhase;

  tool!: RunnerTool;

  /** @example 'plan' */
  command!: RunnerCommand;

  args!: string[];

  /** Names of the variables it was given; never their values. */
  env_names!: string[];

  /** Null while it runs, and when it is not known. */
  exit_code!: number | null;

  started_at!: string;

  ended_at!: string | null;

  requested_by!: string;
}

export function toExecutionResponse(execution: ExecutionEntity): ExecutionResponse {
  return {
    id: execution.id,
    phase: execution.phase,
    tool: execution.tool,
    command: execution.command,
    args: execution.args,
    env_names: execution.envNames,
    exit_code: execution.exitCode,
    started_at: execution.startedAt,
    ended_at: execution.endedAt,
    requested_by: execution.requestedBy,
  };
}
