import { Injectable } from '@nestjs/common';
import { StoredLogs } from '../live-logs/stored-logs';
import type { LogPhase } from './domain/log-phase';
import { RunEventRepository } from './persistence/run-event.repository';

/** The stored logs of runs, read a few pieces at a time. */
@Injectable()
export class RunLogs extends StoredLogs<LogPhase> {
  constructor(events: RunEventRepository) {
    super(events);
  }
}
