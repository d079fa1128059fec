// Room: conformance. JSON values.
#include "value.hpp"

#include <algorithm>
#include <utility>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

using Kind = Value::Kind;

Value* member(Value& value, std::string_view name) {
    for (auto& [key, child] : value.members)
        if (key == name) return &child;
    return nullptr;
}

bool is_named(const Value& element, const Value& name) {
    if (element.kind == Kind::String) return element.text == name.text;
    return std::ranges::any_of(element.members, [&](const auto& entry) {
        const auto& [key, value] = entry;
        return (key == "type" || key == "path" || key == "destination") && value.text == name.text;
    });
}

void append_all(Value& into, std::string_view name, const Value& more) {
    if (member(into, name) == nullptr) put(into, name, array());
    for (const auto& element : more.elements) append(*member(into, name), element);
}

void remove_all(Value& into, std::string_view name, const Value& names) {
    Value* const list = member(into, name);
    if (list == nullptr) return;
    std::erase_if(list->elements, [&](const Value& element) {
        return std::ranges::any_of(names.elements,
                                   [&](const Value& one) { return is_named(element, one); });
    });
}

void merge_member(Value& into, std::string_view name, const Value& patch) {
    if (name.starts_with('+')) return append_all(into, name.substr(1), patch);
    if (name.starts_with('-')) return remove_all(into, name.substr(1), patch);
    if (patch.kind == Kind::Null) {
        std::erase_if(into.members, [&](const auto& entry) { return entry.first == name; });
        return;
    }
    if (member(into, name) == nullptr) put(into, name, Value{});
    merge(*member(into, name), patch);
}

void dump_to(std::string& out, const Value& value);

void dump_list(std::string& out, const Value& value) {
    bool first = true;
    for (const auto& element : value.elements) {
        if (!std::exchange(first, false)) out += ',';
        dump_to(out, element);
    }
    for (const auto& [name, child] : value.members) {
        if (!std::exchange(first, false)) out += ',';
        out += quoted(name);
        out += ':';
        dump_to(out, child);
    }
}

void dump_to(std::string& out, const Value& value) {
    switch (value.kind) {
        case Kind::Null:
        case Kind::Float:  // no fact is one
            out += "null";
            break;
        case Kind::Boolean:
            out += value.boolean ? "true" : "false";
            break;
        case Kind::Integer:
            out += concat(value.integer);
            break;
        case Kind::Unsigned:
            out += concat(value.unsigned_integer);
            break;
        case Kind::String:
            out += quoted(value.text);
            break;
        case Kind::Array:
        case Kind::Object:
            out += value.kind == Kind::Array ? '[' : '{';
            dump_list(out, value);
            out += value.kind == Kind::Array ? ']' : '}';
            break;
    }
}

}  // namespace

Value object() { return {.kind = Kind::Object}; }
Value array() { return {.kind = Kind::Array}; }
Value text(std::string_view value) { return {.kind = Kind::String, .text = std::string(value)}; }
Value boolean(bool value) { return {.kind = Kind::Boolean, .boolean = value}; }

Value number(std::int64_t value) {
    if (value < 0) return {.kind = Kind::Integer, .integer = value};
    return unsigned_number(static_cast<std::uint64_t>(value));
}

Value unsigned_number(std::uint64_t value) {
    return {.kind = Kind::Unsigned, .unsigned_integer = value};
}

Value texts(const std::vector<std::string>& items) {
    Value list = array();
    for (const auto& item : items) append(list, text(item));
    return list;
}

void put(Value& into, std::string_view name, Value value) {
    if (Value* const old = member(into, name))
        *old = std::move(value);
    else
        into.members.emplace_back(std::string(name), std::move(value));
}

void append(Value& into, Value value) { into.elements.push_back(std::move(value)); }

Result<Value> parse(std::string_view json) {
    auto document = spec::parse_document(json);
    if (document.root) return *std::move(document.root);
    return fail(ErrorKind::InvalidConfig,
                document.problem ? document.problem->message : std::string("no JSON"));
}

std::string dump(const Value& value) {
    std::string out;
    dump_to(out, value);
    return out;
}

const Value* at(const Value& value, std::string_view path) {
    const Value* place = &value;
    for (const auto name : split(path, '/')) {
        if (place->kind == Kind::Array) {
            const auto index = parse_number<std::size_t>(name);
            place = index && *index < place->elements.size() ? &place->elements[*index] : nullptr;
        } else {
            place = place->find(name);
        }
        if (place == nullptr) return nullptr;
    }
    return place;
}

std::string text_at(const Value& value, std::string_view path) {
    const Value* const found = at(value, path);
    return found == nullptr ? std::string() : found->text;
}

bool equal(const Value& one, const Value& other) {
    if (one.kind != other.kind) return false;
    if (one.kind != Kind::Object) return dump(one) == dump(other);
    return one.members.size() == other.members.size() &&
           std::ranges::all_of(one.members, [&](const auto& entry) {
               const Value* const same = other.find(entry.first);
               return same != nullptr && equal(entry.second, *same);
           });
}

void merge(Value& into, const Value& patch) {
    if (patch.kind != Kind::Object) {
        into = patch;
        return;
    }
    if (into.kind != Kind::Object) into = object();
    for (const auto& [name, value] : patch.members) merge_member(into, name, value);
}

}  // namespace cleat::conformance
