/** Where records without Connection ID come from. */

/** Listener, address and port as one text. */
export function placeOf(listener: number, address: string, port: number): string {
  return `${listener} ${address} ${port}`;
}
