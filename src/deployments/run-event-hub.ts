import { Injectable } from '@nestjs/common';
import { EventHub } from '../live-logs/event-hub';

/** Tells who listens to a run what was stored just now. */
@Injectable()
export class RunEventHub extends EventHub {}
