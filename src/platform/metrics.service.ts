import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { RunArchive, RunEventHub } from '../deployments';

/** What Prometheus reads. */
@Injectable()
export class MetricsService {
  private readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;

  constructor(runs: RunArchive, hub: RunEventHub) {
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Histogram({
      name: 'plomada_http_request_duration_seconds',
      help: 'Duration of HTTP requests by route',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [this.registry],
    });
    new Gauge({
      name: 'plomada_runs',
      help: 'Runs by status',
      labelNames: ['status'],
      registers: [this.registry],
      async collect() {
        this.reset();
        for (const [status, count] of await runs.countByStatus()) this.set({ status }, count);
      },
    });
    new Gauge({
      name: 'plomada_runs_at_work',
      help: 'Runs that hold a runner slot',
      registers: [this.registry],
      collect() {
        this.set(runs.atWorkCount);
      },
    });
    new Gauge({
      name: 'plomada_log_readers',
      help: 'Open live streams of runs',
      registers: [this.registry],
      collect() {
        this.set(hub.readerCount);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The Prometheus text. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** @param route as it is declared, not as it was called: ids would make a series each */
  observeRequest(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }
}
