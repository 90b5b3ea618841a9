/* icons.tsx - drawn here, 18 px, in the colour of the text beside them. They say nothing that a word does not say too. */

const paths = {
  gate: "M3 16V8.500a6 6 0 0 1 12 0V16M1.500 16h15M11.500 10.500v.010",
  plus: "M9 3.500v11M3.500 9h11",
  check: "M3.500 9.500l3.500 3.500 7.500-8",
  cross: "M4.500 4.500l9 9M13.500 4.500l-9 9",
  copy: "M6.500 6.500V3.500a1 1 0 0 1 1-1h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-3M3.500 6.500h7a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z",
  search: "M8 13.500A5.500 5.500 0 1 0 8 2.500a5.500 5.500 0 0 0 0 11zM12 12l3.500 3.500",
  mail: "M2.500 4h13a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM2 5l7 5 7-5",
  key: "M11.500 2.500a4 4 0 1 1-3.200 6.400L3 14v1.500H1.500M5 12l1.500 1.500M12 6v.010",
  mask: "M9 2.500a6.500 6.500 0 1 0 3.500 12M9 6.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM11.800 6.500v3.700c0 2.400 3.700 2.400 3.700-1.200A6.500 6.500 0 0 0 9 2.500",
  globe: "M9 2a7 7 0 1 0 0 14A7 7 0 0 0 9 2zM2 9h14M9 2c2.500 2.300 2.500 11.700 0 14M9 2c-2.500 2.300-2.500 11.700 0 14",
  pulse: "M1.500 9.500h3.500l2-6 4 11 2-5h3.500",
  held: "M9 2l6 2.500v4c0 4-2.700 6.500-6 7.500-3.300-1-6-3.500-6-7.500v-4zM9 6v3.500M9 12v.010",
  gear: "M3 5h7M14 5h1M3 13h1M8 13h7M12 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM6 11a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  back: "M11 3.500L5.500 9l5.500 5.500",
  warn: "M9 2.500l7 12.500H2zM9 7v3.500M9 12.800v.010",
  info: "M9 2a7 7 0 1 0 0 14A7 7 0 0 0 9 2zM9 8v4.500M9 5.500v.010",
  down: "M9 2.500v9M5 8l4 4 4-4M2.500 15.500h13",
  lock: "M4.500 8h9a1 1 0 0 1 1 1v5.500a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zM6 8V5.500a3 3 0 0 1 6 0V8",
  out: "M7 2.500H3.500a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1H7M11.500 5.500L15 9l-3.500 3.500M15 9H6.500",
};

export type IconName = keyof typeof paths;

export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);
