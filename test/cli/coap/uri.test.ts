import { describe, expect, it } from '@jest/globals';
import { parseCoapUri } from '../../../src/cli/coap/uri.js';

/** The options of a URI as `number=hex`, and as text where that shows more. */
function optionsOf(uri: string): string[] {
  return parseCoapUri(uri).options.map(({ number, value }) => `${number}=${Buffer.from(value).toString('latin1')}`);
}

describe('a coap URI', () => {
  it.each([
    ['coap://192.0.2.1', '192.0.2.1', 5683],
    ['coaps://192.0.2.1', '192.0.2.1', 5684],
    ['CoapS://[::1]:5685/', '::1', 5685],
    ['coap://192.0.2.1:', '192.0.2.1', 5683],
    ['COAP://192.0.2.1:61616/', '192.0.2.1', 61_616],
    ['coap://[2001:db8::2:1]/', '2001:db8::2:1', 5683],
    ['coap://[::1]:5685', '::1', 5685],
    ['coap://[2001:DB8:0:0::1]', '2001:db8::1', 5683],
  ])('%s goes to %s, port %i, without any option (RFC 7252 §6.4)', (uri, host, port) => {
    const scheme = /^coaps:/i.test(uri) ? 'coaps' : 'coap';
    expect(parseCoapUri(uri)).toEqual({ scheme, host, kind: 'address', port, options: [] });
  });

  it('of a name carries it in small letters as Uri-Host', () => {
    expect(parseCoapUri('coap://Example.NET/')).toMatchObject({ host: 'example.net', kind: 'name', port: 5683 });
    expect(optionsOf('coap://Example.NET/.well-known/core')).toEqual(['3=example.net', '11=.well-known', '11=core']);
  });

  it.each([
    ['/3/0/1', ['11=3', '11=0', '11=1']],
    // RFC 7252 §6.4, the first example: these are equivalent.
    ['/~sensors/temp.xml', ['11=~sensors', '11=temp.xml']],
    ['/%7Esensors/temp.xml', ['11=~sensors', '11=temp.xml']],
    ['/%7esensors/temp.xml', ['11=~sensors', '11=temp.xml']],
    ['/a/', ['11=a', '11=']],
    ['//', ['11=', '11=']],
    ['/a%2Fb', ['11=a/b']],
    ['/%ff%00', ['11=\u00ff\u0000']],
    ['/é', ['11=\u00c3\u00a9']],
    ['/./a/../b/.', ['11=b', '11=']],
    ['/../..', []],
    ['/rd?ep=node1&lt=300&b=U', ['11=rd', '15=ep=node1', '15=lt=300', '15=b=U']],
    ['?a=b%26c&/?', ['15=a=b&c', '15=/?']],
    ['/?', ['15=']],
    ['/?a&&b', ['15=a', '15=', '15=b']],
  ])('with %s carries %j (RFC 7252 §6.4, RFC 3986 §5.2.4)', (rest, options) => {
    expect(optionsOf(`coap://192.0.2.1${rest}`)).toEqual(options);
  });

  it.each([
    ['coaps+tcp://192.0.2.1/', /expected is coap:\/\/host.* or coaps:\/\//],
    ['http://192.0.2.1/', /expected is coap:\/\/host/],
    ['192.0.2.1/3/0', /expected is coap:\/\/host/],
    ['coap:/3/0', /expected is coap:\/\/host/],
    ['coap:///3/0', /expected is coap:\/\/host/],
    ['coap://user@192.0.2.1/', /expected is coap:\/\/host/],
    ['coap://192.0.2.1/a#b', /no fragment/],
    ['coap://192.0.2.1:0/', /the port 0 is none of 1 to 65535/],
    ['coap://192.0.2.1:65536/', /the port 65536 is none of 1 to 65535/],
    ['coap://192.0.2.1:coap/', /expected is coap:\/\/host/],
    ['coap://192.0.2.256/', /192\.0\.2\.256 is not an IPv4 address/],
    ['coap://192.0.02.1/', /192\.0\.02\.1 is not an IPv4 address/],
    ['coap://[192.0.2.1]/', /\[192\.0\.2\.1\] is not an IPv6 address/],
    ['coap://[::1/', /expected is coap:\/\/host/],
    ['coap://2001:db8::1/', /expected is coap:\/\/host/],
    ['coap://192.0.2.1/a b', /the character " " must be written as %20/],
    ['coap://192.0.2.1/a?{', /the character "\{" must be written as %7B/],
    ['coap://192.0.2.1/a%2', /"%2" is not % and two hex digits/],
    ['coap://192.0.2.1/a%zz', /"%zz" is not % and two hex digits/],
    ['coap://192.0.2.1/a/%2e%2E', /a segment may not be "\.\." .*--option 11=\.\. sends it/],
  ])('is refused when it is %s', (uri, words) => {
    expect(() => parseCoapUri(uri)).toThrow(words);
    expect(() => parseCoapUri(uri)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
