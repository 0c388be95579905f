import { Injectable } from '@nestjs/common';
import { RevokedKeys } from '../common/access/revoked-keys';
import { Clock } from '../common/clock';
import { EventStreams } from '../live-logs/event-streams';
import { RunEventRepository } from './persistence/run-event.repository';
import { RunEventHub } from './run-event-hub';

/** Serves the events of runs as Server-Sent Events, to any number of readers. */
@Injectable()
export class RunStreams extends EventStreams {
  constructor(events: RunEventRepository, hub: RunEventHub, clock: Clock, revokedKeys: RevokedKeys) {
    super(events, hub, clock, revokedKeys);
  }
}
