// Room: store. The JSON of state.json and intent.json.
#pragma once

#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/store/store.hpp"

namespace cleat::store {

[[nodiscard]] std::string encode(const State& state);
[[nodiscard]] std::string encode(const Intent& intent);

/// Every member must be there with its right type. Errors: InvalidConfig, saying which is not.
[[nodiscard]] Result<State> decode_state(std::string_view text);
[[nodiscard]] Result<Intent> decode_intent(std::string_view text);

}  // namespace cleat::store
