"""Mbed TLS as a device: shakes hands ROUNDS times in one process and has a body echoed under each.

mbedtls_client.py PORT SUITE psk|x509 FOLDER ROUNDS
"""

import os
import socket
import sys

from mbedtls import pk, tls, x509

port, suite, how, folder, rounds = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])


def again(call, *arguments):
    while True:
        try:
            return call(*arguments)
        except (tls.WantReadError, tls.WantWriteError):
            pass


def read(name):
    with open(os.path.join(folder, name)) as file:
        return file.read()


def configuration():
    common = {
        "ciphers": [suite],
        "lowest_supported_version": tls.DTLSVersion.DTLSv1_2,
        "validate_certificates": how == "x509",
    }
    if how == "psk":
        return tls.DTLSConfiguration(pre_shared_key=("dev1", bytes(range(16))), **common)
    chain = ([x509.CRT.from_PEM(read("cli.pem"))], pk.ECC.from_PEM(read("cli.key")))
    trusted = tls.TrustStore([x509.CRT.from_PEM(read("ca.pem"))])
    return tls.DTLSConfiguration(certificate_chain=chain, trust_store=trusted, **common)


good = 0
for number in range(rounds):
    context = tls.ClientContext(configuration())
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.settimeout(10)
    secure = context.wrap_socket(plain, server_hostname="localhost")
    secure.connect(("127.0.0.1", port))
    again(secure.do_handshake)
    body = os.urandom(200)
    again(secure.send, bytes([0x41, 2, number >> 8, number & 255, 7, 0xB4]) + b"echo\xff" + body)
    answer = again(secure.recv, 4096)
    if answer.endswith(b"\xff" + body):
        good += 1
    print("ROUND", number, secure.cipher(), flush=True)
    secure.close()
print("DONE", good, flush=True)
