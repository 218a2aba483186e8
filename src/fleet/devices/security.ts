/** Who devices are: the parts that keep what they prove it with, answer handshakes, and tell of attempts, wired together. */

import type { Clock, Peer, Random } from '#base';
import type { Commits } from '../access/commits.js';
import type { AnchorSetting, RevocationListSetting, SecuredSetting, ServerCredentialSetting } from '../model/index.js';
import type { FleetSettings, FleetStore, KeyForms, Secrets, ServerFiles, Versioned } from '../ports/index.js';
import type { Agenda } from './agenda.js';
import type { DeviceChanges } from './changes.js';
import { CredentialIndex } from './credential-index.js';
import { CredentialPlanner } from './credential-plan.js';
import { Credentials } from './credentials.js';
import type { Directory } from './directory.js';
import { FailedHandshakes } from './failed-handshakes.js';
import { Handshakes } from './handshakes.js';
import { LastUsed } from './last-used.js';
import { RefusedIdentities } from './refused-identities.js';
import type { Attempt } from './refused-identities.js';
import type { Registry } from './registry.js';
import { SecuredNames } from './secured-names.js';
import { ServerCredentials } from './server-credentials.js';
import { Sessions } from './sessions.js';
import { Trust } from './trust.js';

/** What it stands on. */
export interface SecurityParts {
  readonly store: FleetStore;
  readonly commits: Commits;
  readonly changes: DeviceChanges;
  readonly directory: Directory;
  readonly agenda: Agenda;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly forms: KeyForms;
  readonly serverFiles: ServerFiles;
  readonly settings: FleetSettings;
  readonly fault: (error: unknown) => void;
  /** Of the registry, which is made with parts of this. */
  readonly provision: Registry['provision'];
}

type SecuritySetting = SecuredSetting | AnchorSetting | RevocationListSetting | ServerCredentialSetting;

/** All of it. */
export class Security {
  readonly secured: SecuredNames;
  readonly refused: RefusedIdentities;
  readonly failed: FailedHandshakes;
  readonly trust: Trust;
  readonly serverCredentials: ServerCredentials;
  readonly handshakes: Handshakes;
  readonly credentials: Credentials;
  readonly sessions: Sessions;
  readonly #index = new CredentialIndex();
  readonly #directory: Directory;
  readonly #lastUsed: LastUsed;

  constructor(parts: SecurityParts) {
    const { commits, clock, agenda, settings } = parts;
    const index = this.#index;
    this.#directory = parts.directory;
    this.secured = new SecuredNames(commits, clock, settings.securedNames);
    this.refused = new RefusedIdentities(parts);
    this.failed = new FailedHandshakes(parts);
    this.trust = new Trust({ ...parts, limit: settings.trustAnchors });
    const { serverCredentials: serverKeys } = settings;
    this.serverCredentials = new ServerCredentials({ ...parts, trust: this.trust, limit: serverKeys });
    this.#lastUsed = new LastUsed(parts);
    const shared = { ...parts, index, trust: this.trust, secured: this.secured };
    this.handshakes = new Handshakes({ ...shared, failures: this.failed, lastUsed: this.#lastUsed });
    this.sessions = new Sessions({ ...parts, handshakes: this.handshakes, lifetime: settings.sessionLifetime });
    const { credentialsPerDevice: perDevice, endpointNameBytes: endpointBytes } = settings;
    const planner = new CredentialPlanner({ ...shared, perDevice, endpointBytes });
    this.credentials = new Credentials({ ...shared, handshakes: this.handshakes, planner });
    for (const part of [this.#lastUsed, this.refused.notices, this.failed.notices, this.handshakes]) agenda.add(part);
    this.trust.changes.on((change) => {
      if (change.type === 'anchor') this.handshakes.tell(change);
    });
  }

  /** Takes a loaded setting in. */
  restore({ record, version }: Versioned<SecuritySetting>): void {
    if (record.kind === 'secured') this.secured.restore({ record, version });
    else if (record.kind === 'serverCredential') this.serverCredentials.restore({ record, version });
    else if (record.kind === 'anchor') this.trust.restore({ record, version });
    else this.trust.restore({ record, version });
  }

  /** Somebody tried something on an endpoint, as far as it is known, that its identity does not own. */
  refuse(tried: Attempt, peer: Peer, endpoint: string | undefined): void {
    const device = endpoint === undefined ? undefined : this.#directory.byEndpoint(endpoint);
    this.refused.note(tried, peer, device ?? { ...(endpoint !== undefined && { endpoint }) });
  }

  /** How much there is of what is bounded. */
  gauges(): Record<string, number> {
    return {
      credentials: this.#index.size,
      credentials_ending: this.handshakes.waiting,
      credential_uses_waiting: this.#lastUsed.waiting,
      secured_names: this.secured.size,
      trust_settings: this.trust.size,
      server_credentials: this.serverCredentials.size,
      refused_identities: this.refused.notices.size,
      failed_handshakes: this.failed.notices.size,
      ...this.sessions.gauges(),
    };
  }

  /** Counts since the start. */
  get counters(): Record<string, number> {
    const { failed, handshakes, refused, serverCredentials, sessions } = this;
    return Object.assign(
      {},
      ...[refused, failed, handshakes, serverCredentials, sessions].map(({ counters }) => counters),
    ) as Record<string, number>;
  }
}
