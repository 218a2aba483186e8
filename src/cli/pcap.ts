/**
 * Captures in the classic pcap format (draft-ietf-opsawg-pcap), as every analyser of networks reads it: datagrams in packets
 * of IP and UDP without a link layer, made up around what the server tells of them. Pure.
 */

import type { WallTime } from '#base';

/** One end of a datagram. */
export interface CapturedEnd {
  /** IP address literal. */
  readonly address: string;
  readonly port: number;
}

/** A datagram of CoAP, out of its record when it came in one. */
export interface CapturedDatagram {
  readonly at: WallTime;
  readonly from: CapturedEnd;
  /** Of the same family as `from`. */
  readonly to: CapturedEnd;
  readonly bytes: Uint8Array;
}

/** Bytes that a capture begins with: magic number of big-endian microseconds, version 2.4, snapshot length, LINKTYPE_RAW. */
export function pcapHeader(): Uint8Array {
  const header = Buffer.alloc(24);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt16BE(2, 4);
  header.writeUInt16BE(4, 6);
  header.writeUInt32BE(SNAPSHOT, 16);
  header.writeUInt32BE(LINKTYPE_RAW, 20);
  return header;
}

/** One datagram as a record of a capture: IPv4 (RFC 791) or IPv6 (RFC 8200) and UDP (RFC 768), with their checksums. */
export function pcapRecord({ at, from, to, bytes }: CapturedDatagram): Uint8Array {
  const [source, destination] = [ipBytes(from.address), ipBytes(to.address)];
  const length = UDP_HEADER + bytes.length;
  const udp = Buffer.alloc(length);
  udp.writeUInt16BE(from.port, 0);
  udp.writeUInt16BE(to.port, 2);
  udp.writeUInt16BE(length, 4);
  udp.set(bytes, UDP_HEADER);
  const pseudo = Buffer.concat([source, destination, Buffer.from([0, UDP, length >> 8, length & 0xff])]);
  // 0 would say that there is none.
  udp.writeUInt16BE(checksum(pseudo, udp) || 0xff_ff, 6);
  const ip = source.length === IPV4_BYTES ? ipv4(source, destination, length) : ipv6(source, destination, length);
  const head = Buffer.alloc(16);
  const size = ip.length + length;
  head.writeUInt32BE(Math.floor(at / 1000), 0);
  head.writeUInt32BE((at % 1000) * 1000, 4);
  head.writeUInt32BE(size, 8);
  head.writeUInt32BE(size, 12);
  return Buffer.concat([head, ip, udp]);
}

/** The 4 or 16 bytes of an address literal (RFC 4291 §2.2); a zone (`%eth0`) is left out. */
export function ipBytes(address: string): Uint8Array {
  if (!address.includes(':')) return Uint8Array.from(address.split('.').map(Number));
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const [before, behind] = [groups(head), groups(tail ?? '')];
  const bytes = new Uint8Array(IPV6_BYTES);
  bytes.set(before);
  bytes.set(behind, IPV6_BYTES - behind.length);
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function ipv4(source: Uint8Array, destination: Uint8Array, length: number): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(header.length + length, 2);
  header.writeUInt16BE(DO_NOT_FRAGMENT, 6);
  header[8] = HOPS;
  header[9] = UDP;
  header.set(source, 12);
  header.set(destination, 16);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv6(source: Uint8Array, destination: Uint8Array, length: number): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(length, 4);
  header[6] = UDP;
  header[7] = HOPS;
  header.set(source, 8);
  header.set(destination, 24);
  return header;
}

/** The Internet checksum of parts of which all but the last have an even length (RFC 1071). */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let index = 0; index < part.length; index += 2) sum += ((part[index] as number) << 8) | (part[index + 1] ?? 0);
  while (sum > 0xff_ff) sum = (sum & 0xff_ff) + (sum >>> 16);
  return ~sum & 0xff_ff;
}

const MAGIC = 0xa1_b2_c3_d4;
const SNAPSHOT = 262_144;
/** Packets begin with the IP header. */
const LINKTYPE_RAW = 101;
const UDP = 17;
const UDP_HEADER = 8;
const HOPS = 64;
const DO_NOT_FRAGMENT = 0x40_00;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
