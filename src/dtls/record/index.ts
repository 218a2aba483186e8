/** Records of an association: protection, sequence numbers, anti-replay. */

export { Channel, LAST_SEQUENCE, LONGEST_PIECE } from './channel.js';
export type { ChannelState, KeyBlock, Protection, RecordRefusal, Role } from './channel.js';
export { ReplayWindow } from './replay-window.js';
