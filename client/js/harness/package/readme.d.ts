// What the README's example takes for granted.
declare function toast(text: any): void
declare function ask(order: any): Promise<boolean>
declare function show(line: any): void
declare function list(people: any): void
