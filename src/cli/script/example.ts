/** The script that `--print-script` prints: one of each thing, to begin from. */

/** A script in YAML. */
export const EXAMPLE_SCRIPT = `# What simulated devices do over time. Times are in seconds from the start of a device, or from the occasion of "on".
# A step has a name, at or on, for, repeat, jitter, chance (above 0 to 1) and devices (a number, 20%, or names such as sim-1*).
steps:
  # Faults, for as long as the step lasts; a fault has an operation, path (exactly) or under (and below), times and chance.
  - name: slow manufacturer
    at: 30
    for: 60
    do: fault
    fault: { type: late, seconds: 5, path: /3/0/0 }
  - name: a burst of lost acknowledgements
    at: 60
    repeat: { every: 300, times: 10 }
    jitter: 30
    do: fault
    fault: { type: loseAcks, share: 1, times: 3 }
  - devices: 20%
    do: fault
    fault: { type: answerCode, code: 4.05, operation: write, under: /1, chance: 0.5 }
  - devices: 1
    do: fault
    fault: { type: answerFormat, format: tlv, operation: read, under: /3303 }

  # Values: one, a list, or from and to (anywhere between without "by").
  - do: value
    path: /3303/0/5700
    from: 18
    to: 26
    by: 0.5
    every: 10
  - at: 120
    for: 600
    do: value
    path: /3/0/7/0
    values: [5000, 4800, 3300]
    every: 60

  # What devices do, once or again and again.
  - on: registered
    at: 20
    repeat: { every: 60 }
    do: send
    paths: [/3303/0/5700, /3/0/9]
  - at: 300
    jitter: 60
    for: 90
    devices: 1
    do: offline
  - on: { operation: write, path: /3/0/14, times: 1 }
    at: 5
    do: reboot
  - at: 3600
    do: update

  # With --objects 5: what becomes of the next packages. With --queue: how devices sleep.
  # - do: firmware
  #   outcome: integrity        # or success, storage, memory, unsupported, install
  # - at: 600
  #   do: sleep
  #   awake: 10
  #   every: 120

# Faults: answerCode (code), answerFormat (format), answerOption (option, value), payload (edit), silence, late (seconds),
# noEffect, notObserved, attributes (under, instead), registerQuery (name, value, on), noUpdate, unmuted, reboot (after),
# loseAcks (share, times).
# Edits of a payload, by kind: without (path), with (path, value and over: { type, value }), withoutAttributes (path, names),
# withLink (link), cut (bytes), bytes (bytes, in hexadecimal).
`;
