import { Injectable } from '@nestjs/common';
import { RevokedKeys } from '../../common/access/revoked-keys';
import { Clock } from '../../common/clock';
import { EventHub } from '../../live-logs/event-hub';
import { EventStreams } from '../../live-logs/event-streams';
import { StoredLogs } from '../../live-logs/stored-logs';
import { BuildEventRepository } from '../persistence/build-event.repository';

/** The one log of a build: the checkout and what Go says, in this order. */
export const BUILD_PHASE: string = 'build';

/** Tells who listens to a build what was stored just now. */
@Injectable()
export class BuildEventHub extends EventHub {}

/** Serves the events of builds, to any number of readers. */
@Injectable()
export class BuildStreams extends EventStreams {
  constructor(events: BuildEventRepository, hub: BuildEventHub, clock: Clock, revokedKeys: RevokedKeys) {
    super(events, hub, clock, revokedKeys);
  }
}

/** Stored logs of builds. */
@Injectable()
export class BuildLogs extends StoredLogs {
  constructor(events: BuildEventRepository) {
    super(events);
  }
}
