import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ServerConfig } from '../../config/config';
import { hostOfListener } from './listener-host';

/** Where clients reach this server. */
@Injectable()
export class PublicAddress {
  constructor(
    private readonly config: ServerConfig,
    private readonly adapter: HttpAdapterHost,
  ) {}

  /** `PUBLIC_URL`, or the server's own address; without a slash at the end. */
  get url(): string {
    return this.config.publicUrl ?? `${this.config.tls ? 'https' : 'http'}://${this.ownHost}:${this.ownPort}`;
  }

  /** Host, and port unless it is that of https, as module and provider addresses name it. */
  get host(): string {
    const { host, hostname, port, protocol } = new URL(this.url);
    // An http server is a host with a port for terraform, whose default is that of https.
    return port === '' && protocol === 'http:' ? `${hostname}:80` : host;
  }

  /** How the tools of runs reach the server: without TLS at its own port, since they run on the same machine. */
  get forRunners(): string {
    if (this.config.runnerServerUrl !== null) return this.config.runnerServerUrl;
    return this.config.tls ? this.url : `http://${this.ownHost}:${this.ownPort}`;
  }

  /** Where it listens, as a host of a URL. */
  private get ownHost(): string {
    return hostOfListener(this.config.host);
  }

  private get ownPort(): number {
    if (this.config.port !== 0) return this.config.port;
    const server = this.adapter.httpAdapter.getHttpServer() as { address(): unknown };
    const address = server.address();
    return typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
  }
}
