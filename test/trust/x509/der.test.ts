/** The reader of DER and of the values in it: what DER forbids is refused, and nothing is read beyond its parent. */

import { describe, expect, it } from '@jest/globals';
import { DecodeError, fromHex } from '#base';

import { content, DerReader, only } from '../../../src/trust/x509/der.js';
import { readName, showName } from '../../../src/trust/x509/name.js';
import * as values from '../../../src/trust/x509/values.js';
import { int, oid, seq, set, time, tlv } from '../../support/der.js';
import { attribute, commonName, name, organization } from '../../support/x509.js';

const element = (hex: string) => new DerReader(fromHex(hex)).next();
const reason = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof DecodeError) return error.reason;
    throw error;
  }
  return 'none';
};

describe('the reader of DER', () => {
  it.each([
    ['05 00', 0],
    ['04 7f' + '00'.repeat(127), 127],
    ['04 81 80' + '00'.repeat(128), 128],
    ['04 82 01 00' + '00'.repeat(256), 256],
  ])('takes a length in its shortest form (%.12s)', (hex, length) => {
    expect(content(element(hex)).length).toBe(length);
  });

  it.each([
    ['nothing', '', 'truncated'],
    ['a tag alone', '04', 'truncated'],
    ['a content cut short', '04 02 00', 'truncated'],
    ['a length cut short', '04 82 01', 'truncated'],
    ['an indefinite length', '30 80 00 00', 'bad_length'],
    ['a long form for a short length', '04 81 7f' + '00'.repeat(127), 'bad_length'],
    ['a length with a zero in front', '04 82 00 80' + '00'.repeat(128), 'bad_length'],
    ['a length of five bytes', '04 85 00 00 00 00 01 00', 'bad_length'],
    ['a length of four GiB', '04 84 ff ff ff ff 00', 'truncated'],
    ['a tag of several bytes', '1f 81 01 00', 'bad_tag'],
    ['the tag 0', '00 00', 'bad_tag'],
  ])('refuses %s', (_what, hex, word) => {
    expect(reason(() => element(hex))).toBe(word);
  });

  it('keeps a child within its parent, whatever stands behind', () => {
    const inner = new DerReader(fromHex('30 03 04 02 00 ff ff')).enter(0x30, 'a sequence');
    expect(reason(() => inner.next())).toBe('truncated');
  });

  it('names what is missing, of the wrong kind, or too much', () => {
    expect(reason(() => new DerReader(fromHex('05 00')).take(2, 'a number'))).toBe('bad_tag');
    expect(reason(() => new DerReader(fromHex('')).take(2, 'a number'))).toBe('missing');
    expect(reason(() => only(fromHex('30 00 00'), 0x30, 'a sequence'))).toBe('trailing_bytes');
  });

  it('reads a number of the length 0x80 as DER writes it, at every length up to 70,000', () => {
    for (let length = 0; length <= 70_000; length += length < 300 ? 1 : 4_093) {
      expect(content(new DerReader(tlv(4, Buffer.alloc(length))).next()).length).toBe(length);
    }
  });
});

describe('values', () => {
  it.each(['2.5.29.15', '1.2.840.113549.1.1.11', '0.9.2342.19200300.100.1.1', '2.999.3', '1.39.0', '2.0.0'])(
    'reads the object identifier %s',
    (dotted) => {
      expect(values.oid(new DerReader(oid(dotted)).next())).toBe(dotted);
    },
  );

  it('keeps object identifiers beyond 53 bits apart', () => {
    const [one, two] = ['2.25.329800735698586629295641978511506172918', '2.25.329800735698586629295641978511506172919'];
    const read = (dotted: string): string => values.oid(new DerReader(oid(dotted)).next());
    expect(read(one)).toMatch(/^0x69/);
    expect(read(one)).not.toBe(read(two));
  });

  it.each([
    ['an empty object identifier', () => values.oid(element('06 00')), 'bad_oid'],
    ['one cut short', () => values.oid(element('06 02 55 9d')), 'bad_oid'],
    ['one with a needless byte', () => values.oid(element('06 03 55 80 01')), 'bad_oid'],
    ['one too long', () => values.oid(element(`06 41${'01'.repeat(65)}`)), 'bad_oid'],
    ['a boolean of 01', () => values.boolean(element('01 01 01')), 'bad_boolean'],
    ['a boolean of two bytes', () => values.boolean(element('01 02 ff ff')), 'bad_boolean'],
    ['an empty number', () => values.integerBytes(element('02 00')), 'bad_integer'],
    ['a number with a needless 00', () => values.integerBytes(element('02 02 00 7f')), 'bad_integer'],
    ['a number with a needless ff', () => values.integerBytes(element('02 02 ff 80')), 'bad_integer'],
    ['a negative count', () => values.smallInteger(element('02 01 ff'), 9, 'it'), 'bad_integer'],
    ['a count too large', () => values.smallInteger(element('02 01 0a'), 9, 'it'), 'bad_integer'],
    ['a huge count', () => values.smallInteger(element('02 09 01' + '00'.repeat(8)), 9, 'it'), 'bad_integer'],
    ['a serial number of 65 bytes', () => values.serialNumber(element(`02 41${'01'.repeat(65)}`)), 'bad_integer'],
    ['bits without a count', () => values.wholeBits(element('03 00')), 'bad_bits'],
    ['bits that are no whole bytes', () => values.wholeBits(element('03 02 01 00')), 'bad_bits'],
    ['eight unused bits', () => values.namedBits(element('03 02 08 00')), 'bad_bits'],
    ['unused bits that are set', () => values.namedBits(element('03 02 01 01')), 'bad_bits'],
    ['unused bits of nothing', () => values.namedBits(element('03 01 01')), 'bad_bits'],
    ['a name with a NUL', () => values.ascii(element('82 02 61 00'), 'it'), 'bad_text'],
    ['a name with an umlaut', () => values.ascii(element('82 01 e4'), 'it'), 'bad_text'],
    ['UTF-8 that is none', () => values.text(element('0c 01 ff')), 'bad_utf8'],
    ['half a BMP character', () => values.text(element('1e 01 00')), 'bad_text'],
    ['a lone surrogate', () => values.text(element('1e 02 d8 00')), 'bad_text'],
    ['a character beyond Unicode', () => values.text(element('1c 04 00 11 00 00')), 'bad_text'],
  ])('refuses %s', (_what, work, word) => {
    expect(reason(work)).toBe(word);
  });

  it.each([
    [0, '00'],
    [1, '01'],
    [255, 'ff'],
    [-1, '-01'],
    [-128, '-80'],
    [-129, '-81'],
    [4096, '1000'],
  ])('reads the serial number %d as %s', (number, hex) => {
    expect(values.serialNumber(new DerReader(int(number)).next())).toBe(hex);
  });

  it('reads named bits from the left', () => {
    expect(values.namedBits(element('03 02 05 a0'))).toBe(0b101);
    expect(values.namedBits(element('03 03 07 00 80'))).toBe(1 << 8);
    expect(values.namedBits(element('03 01 00'))).toBe(0);
  });

  it('reads times as the calendar has them', () => {
    for (let day = Date.UTC(1950); day < Date.UTC(2103); day += 31 * 86_400_000 + 3_723_000) {
      expect(values.readTime(new DerReader(time(day)), 'it')).toBe(day);
    }
    for (const day of [
      Date.UTC(2028, 1, 29),
      Date.UTC(2100, 1, 28),
      Date.UTC(2028, 2, 1),
      Date.UTC(9999, 11, 31, 23, 59, 59),
    ]) {
      expect(values.readTime(new DerReader(time(day)), 'it')).toBe(day);
    }
  });

  it.each([
    '210229000000Z',
    '211301000000Z',
    '210100000000Z',
    '210101240000Z',
    '210101006000Z',
    '210101000060Z',
    '2101010000Z',
    '210101000000',
    '21010100000aZ',
    '210101000000.5Z',
  ])('refuses the time %s', (text) => {
    expect(reason(() => values.readTime(new DerReader(tlv(0x17, Buffer.from(text))), 'it'))).toBe('bad_time');
  });
});

describe('names', () => {
  const read = (der: Buffer) => readName(new DerReader(der), 'a name');
  const printable = (text: string): Buffer => tlv(0x13, Buffer.from(text));

  it('are equal without regard to string type, case and white space', () => {
    const left = read(name(organization('  The  Org\t'), commonName('D')));
    const right = read(
      name(attribute('2.5.4.10', printable('the org')), attribute('2.5.4.3', tlv(0x1e, Buffer.from([0, 0x64])))),
    );
    expect(left.key).toBe(right.key);
  });

  it.each([
    ['another order', name(commonName('d'), organization('o'))],
    ['one more', name(organization('o'), commonName('d'), commonName('e'))],
    ['one set of both', seq(set(seq(oid('2.5.4.10'), printable('o')), seq(oid('2.5.4.3'), printable('d'))))],
    ['one text that looks like both', name(organization('o","2.5.4.3="d'))],
    ['another type', name(organization('o'), attribute('2.5.4.11', printable('d')))],
    ['letters other than ASCII in another case', name(organization('o'), commonName('É'))],
  ])('differ by %s', (_what, other) => {
    const pairs = [read(name(organization('o'), commonName('d'))), read(name(organization('o'), commonName('é')))];
    for (const one of pairs) expect(one.key).not.toBe(read(other).key);
  });

  it('tell the order within a set from nothing', () => {
    const [one, two] = [seq(oid('2.5.4.10'), printable('o')), seq(oid('2.5.4.3'), printable('d'))];
    expect(read(seq(set(one, two))).key).toBe(read(seq(set(two, one))).key);
  });

  it('are shown in one line of 120 characters at most', () => {
    expect(showName(read(name(organization('Ours'), commonName('d-1'))))).toBe('O="ours", CN="d-1"');
    expect(showName(read(name()))).toBe('nobody');
    expect(showName(read(name(commonName('x'.repeat(500)))))).toHaveLength(120);
  });
});
