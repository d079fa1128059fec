// Room: base (layer 0). What is only there for speed, and has a slow path beside it, can be left
// out of a build (meson -Dshortcuts=false): the same tests must hold for it (tools/test shortcuts).
#pragma once

namespace cleat {

#ifdef CLEAT_WITHOUT_SHORTCUTS
inline constexpr bool kShortcuts = false;
#else
inline constexpr bool kShortcuts = true;
#endif

}  // namespace cleat
