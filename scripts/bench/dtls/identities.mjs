/** Keys of the benchmarks, which guard nothing: a pre-shared key, and keys on P-256 with certificates they signed themselves. */

import { signingKey } from '../../../dist/dtls/index.js';

/** The key of all devices that come with a pre-shared one; their identities are their names. */
export const PSK = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

const own = (key, certificate) => ({
  key: signingKey(Buffer.from(key, 'base64')),
  chain: [Buffer.from(certificate, 'base64')],
});

export const SERVER = own(
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTOQjCH7z+mH3/XTm0KQxgS8N+hl9+nVtS/qHy7iDBb+hRANCAARr7V3hkSWixxVJ3P2N+w7kAzXWhnjSfpdWRICc0+fmEBQWP5TbJoN9dbsJHij5HfnPRyBk2ZT2RS3A/8dtnq2V',
  'MIIBhTCCASugAwIBAgIUfLuSSz8HQoDjFfbOBNbLPw41LB0wCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMYmVuY2gtc2VydmVyMCAXDTI2MTEyODE4MzcyNloYDzIxMjYxMTA0MTgzNzI2WjAXMRUwEwYDVQQDDAxiZW5jaC1zZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARr7V3hkSWixxVJ3P2N+w7kAzXWhnjSfpdWRICc0+fmEBQWP5TbJoN9dbsJHij5HfnPRyBk2ZT2RS3A/8dtnq2Vo1MwUTAdBgNVHQ4EFgQUpbY/3RbXCMIIm6jqxFqKEzV45xUwHwYDVR0jBBgwFoAUpbY/3RbXCMIIm6jqxFqKEzV45xUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA471fSY46hG4UucWDs4xyAD8VLM9XRZGIjTOHnuRxfc0CIH5um0sME2PC+OKyTfQ36dDOBvHJUiCrf7Or02FxaXsa',
);

export const DEVICE = own(
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqZ4JwD7L64F6QPwN4uFHgj/1ejp9nLhPQzoL6GwuX/GhRANCAAQfgIVO2YdMW5cw8kaJkjquZ2pm11+cQzDRnSUXLVaoS2PmkKtISrjTLFoZpezyLt5ktgLRXItlobRyT9ETMdxm',
  'MIIBhjCCASugAwIBAgIUBdQVa5GdBV98+0yV7MjYVJbCIJgwCgYIKoZIzj0EAwIwFzEVMBMGA1UEAwwMYmVuY2gtZGV2aWNlMCAXDTI2MTEyODE4MzcyNloYDzIxMjYxMTA0MTgzNzI2WjAXMRUwEwYDVQQDDAxiZW5jaC1kZXZpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQfgIVO2YdMW5cw8kaJkjquZ2pm11+cQzDRnSUXLVaoS2PmkKtISrjTLFoZpezyLt5ktgLRXItlobRyT9ETMdxmo1MwUTAdBgNVHQ4EFgQUDbTezVec1QCn5wUT+dVIxbKWkYQwHwYDVR0jBBgwFoAUDbTezVec1QCn5wUT+dVIxbKWkYQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAu2+Te9MyaiAeHnxDAgKcf761sc+rwrGSuJj2I/B8Q1YCIQDO+cC8pOqLsQ1MPrAEHi9WeThUo69eumMs1wuSBIkOXw==',
);
