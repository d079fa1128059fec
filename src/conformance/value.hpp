// Room: conformance. JSON values: config.json put together of patches, and facts to be judged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/document.hpp"

namespace cleat::conformance {

using Value = spec::Node;

[[nodiscard]] Value object();
[[nodiscard]] Value array();
[[nodiscard]] Value text(std::string_view value);
[[nodiscard]] Value number(std::int64_t value);
[[nodiscard]] Value unsigned_number(std::uint64_t value);
[[nodiscard]] Value boolean(bool value);
[[nodiscard]] Value texts(const std::vector<std::string>& items);

/// Sets a member, in place of one of that name.
void put(Value& into, std::string_view name, Value value);
void append(Value& into, Value value);

[[nodiscard]] Result<Value> parse(std::string_view json);
[[nodiscard]] std::string dump(const Value& value);

/// What is at "a/b/0"; null if there is nothing.
[[nodiscard]] const Value* at(const Value& value, std::string_view path);
/// The text at a path, or "".
[[nodiscard]] std::string text_at(const Value& value, std::string_view path);
[[nodiscard]] bool equal(const Value& one, const Value& other);

/// RFC 7396, and for arrays: `"+name": […]` appends to the member `name`, and `"-name": […]` takes
/// those elements off it that are one of these texts, or have it as type, path or destination.
void merge(Value& into, const Value& patch);

}  // namespace cleat::conformance
