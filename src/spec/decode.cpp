// Room: spec. Documents in, types or problems out.
#include "cleat/spec/decode.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bind.hpp"
#include "check.hpp"
#include "cleat/spec/document.hpp"

namespace cleat::spec {
namespace {

void put_positions(std::vector<Problem>& problems, const Node& root, std::string_view text) {
    for (auto& problem : problems) {
        if (problem.position) continue;
        problem.position = position_at(text, find_node(root, problem.pointer).node->offset);
    }
    std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
        return std::pair(problem.position->line, problem.position->column);
    });
}

bool has_errors(const std::vector<Problem>& problems) {
    return std::ranges::find(problems, Severity::Error, &Problem::severity) != problems.end();
}

std::string_view parent_of(std::string_view pointer) {
    return pointer.substr(0, pointer.empty() ? 0 : pointer.rfind('/'));
}

/// Whether a value that could not be read leaves a rule about `place` without ground: it is that
/// place, around it or in it, or both (the list, of an element) are members of one small object.
bool touches(std::string_view failed, std::string_view place) {
    const auto within = [](std::string_view inner, std::string_view outer) {
        return inner.starts_with(outer) &&
               (inner.size() == outer.size() || inner[outer.size()] == '/');
    };
    if (within(failed, place) || within(place, failed)) return true;
    const auto last = failed.substr(parent_of(failed).size());
    const bool element =
        parse_number<std::size_t>(last.substr(std::min<std::size_t>(1, last.size()))).has_value();
    const auto object = parent_of(element ? parent_of(failed) : failed);
    const bool loose = object.empty() || object == "/process" || object == "/linux";
    return !loose && parent_of(place) == object;
}

/// How much is said about a document: enough to refuse it, or all that can be found.
enum class Extent { Refusal, Everything };

constexpr std::size_t most_of(Extent extent) {
    constexpr std::size_t kMost = 10000;
    return extent == Extent::Everything ? kMost : Complaints::kUsual;
}

/// The rules speak of values: they wait until all could be read, or what they say of those that
/// could not is left out.
template <class T, class Check>
std::vector<Problem> apply_rules(const T& value, const std::vector<Problem>& failed, Check check,
                                 Extent extent) {
    if (extent == Extent::Refusal && has_errors(failed)) return {};
    Complaints complaints(most_of(extent));
    check(value, failed, complaints);
    auto found = complaints.take();
    std::erase_if(found, [&](const Problem& problem) {
        return std::ranges::any_of(failed, [&](const Problem& one) {
            return one.severity == Severity::Error && touches(one.pointer, problem.pointer);
        });
    });
    return found;
}

template <class T, class Check>
Decoded<T> decode(const Node& root, std::string_view text, Check check,
                  Extent extent = Extent::Refusal) {
    Binder binder(text, most_of(extent));
    T value{};
    binder.read(root, Place{}, value);
    Decoded<T> out{.value = std::nullopt, .problems = binder.take_problems()};
    out.unknown = binder.take_unknown();
    std::ranges::move(apply_rules(value, out.problems, check, extent),
                      std::back_inserter(out.problems));
    put_positions(out.problems, root, text);
    if (!has_errors(out.problems)) out.value = std::move(value);
    return out;
}

template <class T, class Check>
Decoded<T> decode(std::string_view text, Check check) {
    auto document = parse_document(text);
    if (document.problem)
        return {.value = std::nullopt, .problems = {*std::move(document.problem)}};
    return decode<T>(*document.root, text, check);
}

/// The property of a document for another platform, which would otherwise pass as one that asks
/// for nothing.
std::optional<std::string_view> other_platform(const Node& root) {
    constexpr std::array<std::string_view, 5> kOthers = {"windows", "solaris", "freebsd", "vm",
                                                         "zos"};
    if (root.find("linux") != nullptr) return std::nullopt;
    for (const auto other : kOthers)
        if (root.find(other) != nullptr) return other;
    return std::nullopt;
}

}  // namespace

namespace {

/// What the rules of one part of a config know of another.
bool cannot_be_related(const std::vector<Problem>& failed) {
    return std::ranges::any_of(failed, [](const Problem& one) {
        return one.severity == Severity::Error && (touches(one.pointer, "/linux/namespaces") ||
                                                   touches(one.pointer, "/linux/uidMappings") ||
                                                   touches(one.pointer, "/linux/gidMappings"));
    });
}

auto rules_of_config(const Node& root) {
    return [&root](const Spec& spec, const std::vector<Problem>& failed, Complaints& out) {
        if (const auto other = other_platform(root))
            out.add_own(concat("/", *other), "the config is for another platform: it has no linux");
        else if (cannot_be_related(failed))
            check_parts(spec, out);
        else
            check_config(spec, out);
    };
}

}  // namespace

Decoded<Spec> decode_config(std::string_view text) {
    for (const auto positions : {Positions::Unknown, Positions::Known}) {
        auto document = parse_document(text, positions);
        if (document.problem)
            return {.value = std::nullopt, .problems = {*std::move(document.problem)}};
        auto decoded = decode<Spec>(*document.root, text, rules_of_config(*document.root));
        if (decoded.problems.empty() || positions == Positions::Known) return decoded;
    }
    std::unreachable();
}

Decoded<Spec> examine_config(const Node& root, std::string_view text) {
    return decode<Spec>(root, text, rules_of_config(root), Extent::Everything);
}

Decoded<Process> decode_process(std::string_view text) {
    return decode<Process>(text, [](const Process& process, const std::vector<Problem>&,
                                    Complaints& out) { check_process(process, "", out); });
}

Decoded<Resources> decode_resources(std::string_view text) {
    return decode<Resources>(text, [](const Resources& resources, const std::vector<Problem>&,
                                      Complaints& out) { check_resources(resources, "", out); });
}

Decoded<std::vector<Mount>> decode_mounts(std::string_view text) {
    return decode<std::vector<Mount>>(
        text, [](const std::vector<Mount>& mounts, const std::vector<Problem>&, Complaints& out) {
            check_mounts(mounts, "", out);
        });
}

Decoded<std::vector<std::string>> decode_texts(std::string_view text) {
    return decode<std::vector<std::string>>(
        text, [](const std::vector<std::string>&, const std::vector<Problem>&, Complaints&) {});
}

std::vector<Problem> check_process(const Process& process, std::string_view pointer) {
    Complaints complaints;
    check_process(process, pointer, complaints);
    return complaints.take();
}

std::optional<Position> locate(std::string_view text, std::string_view pointer) {
    const auto document = parse_document(text);
    if (!document.root) return std::nullopt;
    const auto found = find_node(*document.root, pointer);
    if (!found.exact) return std::nullopt;
    return position_at(text, found.node->offset);
}

Error to_error(const std::vector<Problem>& problems, std::string_view document) {
    Error error{.kind = ErrorKind::InvalidConfig, .what = {}};
    for (const auto& problem : problems) {
        if (problem.severity != Severity::Error) continue;
        if (error.what.empty()) error.pointer = problem.pointer;
        if (!error.what.empty()) error.what += "; ";
        error.what += document;
        if (problem.position)
            error.what += concat(":", problem.position->line, ":", problem.position->column);
        if (!problem.pointer.empty()) error.what += concat(" ", problem.pointer);
        error.what += concat(": ", problem.message);
    }
    return error;
}

namespace {
template <class Enum>
std::string_view word_of(Enum value) noexcept {
    for (const auto& [word, each] : Words<Enum>::kWords)
        if (each == value) return word;
    return "unknown";
}
}  // namespace

std::string_view name_of(NamespaceType type) noexcept { return word_of(type); }
std::string_view name_of(SeccompAction action) noexcept { return word_of(action); }
std::string_view name_of(SeccompOperator op) noexcept { return word_of(op); }

}  // namespace cleat::spec
