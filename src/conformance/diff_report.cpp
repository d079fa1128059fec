// Room: conformance. Reports of the differential mode without what differs from run to run.
#include "diff_report.hpp"

#include <algorithm>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

void replace_all(std::string& where, const std::string& from, std::string_view to) {
    if (from.empty()) return;
    for (std::size_t at = where.find(from); at != std::string::npos;
         at = where.find(from, at + to.size()))
        where.replace(at, from.size(), to);
}

/// pipe:[123] is pipe:[N] in every run.
void hide_inodes(std::string& where) {
    for (std::size_t at = where.find(":["); at != std::string::npos;
         at = where.find(":[", at + 2)) {
        const auto end = where.find_first_not_of("0123456789", at + 2);
        if (end != std::string::npos && end > at + 2 && where[end] == ']')
            where.replace(at + 2, end - at - 2, "N");
    }
}

void remove_members(Value& from, std::initializer_list<std::string_view> names) {
    std::erase_if(from.members, [&](const auto& entry) {
        return std::ranges::find(names, entry.first) != names.end();
    });
}

Value sorted_texts(const Value& list) {
    Value out = list;
    std::ranges::sort(out.elements, {}, &Value::text);
    return out;
}

/// Pids have a meaning in a new pid namespace only.
void hide_pids(Value& facts) {
    if (text_at(facts, "ns/pid") == "new") return;
    for (const char* const name : {"pid", "ppid", "sid"}) put(facts, name, text("N"));
}

}  // namespace

Value inside_facts(const Value& printed, std::string_view acts, const Baseline& before) {
    Value out = printed;
    if (const Value* const namespaces = at(printed, "ns"))
        put(out, "ns", namespace_labels(*namespaces, before));
    if (const Value* const env = at(printed, "env")) put(out, "env", sorted_texts(*env));
    hide_pids(out);
    const Value* const results = at(printed, "did");
    Value did = object();
    std::size_t index = 0;
    for (const auto word : split(acts, ' ')) {
        if (results == nullptr || word.empty() || index >= results->elements.size()) continue;
        std::string name(word);
        std::ranges::replace(name, '/', ':');
        put(did, name, text(dump(results->elements[index++])));
    }
    // The mounts are looked at from outside.
    remove_members(out, {"mounts", "args", "machine", "did"});
    put(out, "did", std::move(did));
    return out;
}

Value state_facts(const std::optional<Value>& state) {
    Value out = object();
    put(out, "exists", boolean(state.has_value()));
    if (!state) return out;
    for (const char* const name : {"status", "bundle", "id", "annotations"})
        if (const Value* const found = at(*state, name)) put(out, name, *found);
    return out;
}

Value hook_facts(const std::string& log, const Baseline& before) {
    Value out = object();
    Value order = array();
    for (const auto line : split(log, '\n')) {
        const auto entry = parse(line);
        if (!entry) continue;
        const std::string name = text_at(*entry, "name");
        append(order, text(name));
        Value hook = object();
        if (const Value* const facts = at(*entry, "facts")) {
            hook = inside_facts(*facts, "", before);
            for (const char* const number : {"pid", "ppid", "sid"}) put(hook, number, text("N"));
        }
        const Value* const state = at(*entry, "state");
        put(hook, "state", state_facts(state == nullptr ? std::nullopt : std::optional(*state)));
        put(hook, "host", text(text_at(*entry, "host")));
        put(out, name, std::move(hook));
    }
    put(out, "order", std::move(order));
    return out;
}

std::string normalized(std::string report, const Stage& stage) {
    replace_all(report, stage.directory, "DIRECTORY");
    replace_all(report, stage.id, "CONTAINER");
    const auto hold = stage.names.find("HOLD");
    if (hold != stage.names.end())
        replace_all(report, concat("/proc/", hold->second, "/"), "/proc/HOLD/");
    hide_inodes(report);
    return report;
}

}  // namespace cleat::conformance
