// The two sign-in methods of the story, on the types that wsdl2 generates.
//
// Mono (like wsdl.exe of .NET) refuses to load the whole generated class, with every server of this contract:
// four of its methods answer an element of one name, AuthenticateResponse. So the class is written out with one of them.
using System.Web.Services;
using System.Web.Services.Protocols;
using System.Xml.Serialization;
using Principal;

[WebServiceBinding(Name = "BasicHttpBinding_SoPrincipal", Namespace = SignIn.Contract)]
[XmlInclude(typeof(Carrier))]
public class SignIn : SoapHttpClientProtocol
{
    public const string Contract = "http://www.superoffice.net/ws/crm/NetServer/Services86";

    public SignIn(string url) { Url = url; }

    [SoapDocumentMethod(Contract + "/SoPrincipal/GetSystemInfo", RequestNamespace = Contract, ResponseNamespace = Contract)]
    [return: XmlElement("SystemInfo", IsNullable = true)]
    public SoSystemInfoCarrier GetSystemInfo()
    {
        return (SoSystemInfoCarrier)Invoke("GetSystemInfo", new object[0])[0];
    }

    [SoapDocumentMethod(Contract + "/SoPrincipal/AuthenticateUsernamePassword", RequestNamespace = Contract,
        ResponseElementName = "AuthenticateResponse", ResponseNamespace = Contract)]
    [return: XmlElement("Response", IsNullable = true)]
    public SoPrincipalCarrier AuthenticateUsernamePassword(
        [XmlElement(IsNullable = true)] string UserName,
        [XmlElement(IsNullable = true)] string Password,
        [XmlElement(IsNullable = true)] out SoCredentials Credentials,
        out bool AuthenticationSucceeded)
    {
        object[] results = Invoke("AuthenticateUsernamePassword", new object[] { UserName, Password });
        Credentials = (SoCredentials)results[1];
        AuthenticationSucceeded = (bool)results[2];
        return (SoPrincipalCarrier)results[0];
    }
}
