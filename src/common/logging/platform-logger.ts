import { ConsoleLogger, LogLevel } from '@nestjs/common';
import type { LoggingConfig } from '../../config/config';
import { currentRequest } from '../http/request-context';

const LEVELS: Record<LoggingConfig['level'], LogLevel[]> = {
  error: ['error', 'fatal'],
  warn: ['error', 'fatal', 'warn'],
  info: ['error', 'fatal', 'warn', 'log'],
  debug: ['error', 'fatal', 'warn', 'log', 'debug', 'verbose'],
};

const FRAMEWORK = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * One line an event. A message is an object of fields, `{event: 'run_moved', …}`; in JSON its fields stand beside
 * level and time, on a terminal as `event key=value`. The id of the request is added by itself.
 */
export class PlatformLogger extends ConsoleLogger {
  private readonly isJson: boolean;

  constructor(config: LoggingConfig) {
    super({ logLevels: LEVELS[config.level], prefix: 'Plomada', colors: config.format === 'pretty', timestamp: false });
    this.isJson = config.format === 'json';
  }

  protected override printMessages(
    messages: unknown[],
    context = '',
    logLevel: LogLevel = 'log',
    stream: 'stdout' | 'stderr' = 'stdout',
    errorStack?: unknown,
  ): void {
    // What the framework says of its own start is of interest to nobody but a developer.
    if (logLevel === 'log' && FRAMEWORK.has(context) && !this.isLevelEnabled('debug')) return;
    for (const message of messages) {
      const fields = this.fieldsOf(message);
      if (this.isJson) {
        const level = logLevel === 'log' ? 'info' : logLevel;
        const stack = typeof errorStack === 'string' ? { stack: errorStack } : {};
        process[stream].write(
          `${JSON.stringify({ level, time: new Date().toISOString(), context, ...fields, ...stack })}\n`,
        );
      } else {
        super.printMessages([pretty(fields)], context, logLevel, stream, errorStack);
      }
    }
  }

  private fieldsOf(message: unknown): Record<string, unknown> {
    const fields = typeof message === 'object' && message !== null ? { ...message } : { message: String(message) };
    const requestId = currentRequest()?.requestId;
    return requestId && !('request_id' in fields) ? { ...fields, request_id: requestId } : fields;
  }
}

function pretty(fields: Record<string, unknown>): string {
  const { event, message, ...rest } = fields;
  const words = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [event, message, ...words].filter((word) => word !== undefined && word !== '').join(' ');
}
