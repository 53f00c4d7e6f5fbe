/**
 * A web site of another origin, for a widget to be put on: files of memory, with a policy.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SiteFile {
  type: string;
  body: string;
  /** Content-Security-Policy of this file. */
  policy?: string;
}

export class Site {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** Serves what `file` answers for a path; 404 for undefined. Listens on a free port. */
  static async start(file: (path: string) => SiteFile | undefined): Promise<Site> {
    const server = createServer((request, response) => {
      const found = file(new URL(request.url ?? '/', 'http://site').pathname);
      if (!found) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, {
        'Content-Type': found.type,
        ...(found.policy ? { 'Content-Security-Policy': found.policy } : {}),
      });
      response.end(found.body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Site(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}
