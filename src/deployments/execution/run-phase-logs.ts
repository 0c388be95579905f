import { Injectable } from '@nestjs/common';
import type { SecretPatterns } from '../../common/secrets/secret-patterns';
import { RunsConfig } from '../../config/config';
import { PhaseLog } from '../../live-logs/phase-log';
import type { LogPhase } from '../domain/log-phase';
import { RunEventRepository } from '../persistence/run-event.repository';
import type { RunAttempt } from '../persistence/run.repository';
import { RunJournal } from '../run-journal.service';

/** The logs of runs on their way in. */
@Injectable()
export class RunPhaseLogs {
  constructor(
    private readonly events: RunEventRepository,
    private readonly journal: RunJournal,
    private readonly config: RunsConfig,
  ) {}

  /** The log of a phase, to go on where it ends; of the tool's output, where this attempt's own was taken in to. */
  async open({ id, attempt }: RunAttempt, phase: LogPhase, patterns: SecretPatterns): Promise<PhaseLog<LogPhase>> {
    const size = await this.events.findLogSize(id, phase);
    const sourceEnd = await this.events.findSourceEnd({ id, attempt }, phase);
    return new PhaseLog(
      phase,
      patterns,
      (piece) => this.journal.appendLog({ id, attempt }, piece),
      this.config.logMaxBytes,
      { size, sourceEnd },
    );
  }
}
