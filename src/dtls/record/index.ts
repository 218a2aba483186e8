/** Records of an association: protection, sequence numbers, anti-replay. */

export { Channel } from './channel.js';
export type { KeyBlock, Protection, RecordRefusal, Role } from './channel.js';
export { ReplayWindow } from './replay-window.js';
